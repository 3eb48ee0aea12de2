"""Which providers are set up: from the settings' names, as the sources use them, to adapters."""

import re
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from huntaze_backend.engines.ai.adapters.openai_wire import ANY, Endpoint, OpenAiWire, WireTraits
from huntaze_backend.engines.ai.routing import Chosen, RoutingTable
from huntaze_backend.settings import Settings

__all__ = ["ProviderSettingsError", "providers_of", "routing_of"]

_AZURE = "azure_openai"
_DEPLOYED = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1", "gpt-4-turbo", "gpt-35-turbo")
"""Models by which people name a single deployment, the longer names first."""


class ProviderSettingsError(ValueError):
    """A setting of a provider cannot be understood; the message names it and not its value."""


def routing_of(settings: Settings) -> RoutingTable:
    """The routing table with what the deployment chose. Raises: ProviderSettingsError."""
    names = {"gemini-default": settings.gemini_model} if settings.gemini_model else {}
    regions = {(_AZURE, model): region for model, region, _ in _deployments(settings) if region}
    return RoutingTable.shipped(Chosen(names, regions))


def providers_of(settings: Settings) -> dict[str, OpenAiWire]:
    """An adapter for each provider that has its key. Nothing is connected or imported yet.

    Raises: ProviderSettingsError.
    """
    made = [_openai(settings), _gemini(settings), _azure_openai(settings), _foundry(settings)]
    return {provider.name: provider for provider in made if provider is not None}


def _openai(settings: Settings) -> OpenAiWire | None:
    if not (key := _plain(settings.openai_api_key)):
        return None
    traits = WireTraits(limit="max_completion_tokens", cache_key=True)
    return OpenAiWire("openai", {ANY: Endpoint(settings.openai_base_url)}, key, traits, settings.openai_org_id)


def _gemini(settings: Settings) -> OpenAiWire | None:
    if not (key := _plain(settings.gemini_api_key)):
        return None
    return OpenAiWire("gemini", {ANY: Endpoint(settings.gemini_base_url)}, key)


def _azure_openai(settings: Settings) -> OpenAiWire | None:
    key = _plain(settings.azure_openai_api_key)
    if not key or not settings.azure_openai_endpoint:
        return None
    endpoints = {
        f"{model}@{region}" if region else model: Endpoint(
            settings.azure_openai_endpoint, deployment, settings.azure_openai_api_version, deployments=True
        )
        for model, region, deployment in _deployments(settings)
    }
    return OpenAiWire(_AZURE, endpoints, key)


def _foundry(settings: Settings) -> OpenAiWire | None:
    key = _plain(settings.azure_ai_chat_key)
    given = {
        "DeepSeek-V3": settings.azure_ai_chat_endpoint,
        "DeepSeek-R1": settings.azure_deepseek_r1_endpoint,
        "Phi-4-multimodal-instruct": settings.azure_phi4_multimodal_endpoint,
    }
    endpoints = {
        model: Endpoint(_foundry_base(address), api_version=settings.azure_ai_api_version)
        for model, address in given.items()
        if address
    }
    return OpenAiWire("azure_foundry", endpoints, key, WireTraits(key_header=True)) if key and endpoints else None


def _deployments(settings: Settings) -> list[tuple[str, str, str]]:
    """Model, region and deployment, of `gpt-4o=large,gpt-4o-mini@datazone=small`, or of a name with its model's in it.

    Raises: ProviderSettingsError.
    """
    found = []
    for entry in filter(None, (part.strip() for part in (settings.azure_openai_deployment or "").split(","))):
        model, given, deployment = entry.partition("=")
        if not given:
            deployment, model = entry, next((name for name in _DEPLOYED if name in entry.lower()), "")
        model, _, region = model.strip().partition("@")
        if not all(re.fullmatch(r"[\w.-]+", part) for part in (model, region or "-", deployment.strip())):
            raise ProviderSettingsError("AZURE_OPENAI_DEPLOYMENT: say which model each is, as model=deployment")
        found.append((model, region, deployment.strip()))
    return found


def _foundry_base(address: str) -> str:
    """The address up to `/chat/completions`, however much of it was copied from the portal."""
    parts = urlsplit(address.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ProviderSettingsError("the endpoints of Azure AI Foundry are addresses that begin with https://")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    if not path and not parts.netloc.endswith(".models.ai.azure.com"):
        path = "/models"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value().strip() if secret is not None else ""
