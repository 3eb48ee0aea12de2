"""Settings of the backend, from the environment; `.env.example` is generated from this class."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


def _read_as(name: str) -> AliasChoices:
    """The sources' own name, and ours."""
    return AliasChoices(name, f"HUNTAZE_{name}")


class Settings(BaseSettings):
    """What a deployment decides. A value given in code wins over the environment."""

    model_config = SettingsConfigDict(env_prefix="HUNTAZE_", extra="ignore", populate_by_name=True, frozen=True)

    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "HUNTAZE_DATABASE_URL"),
        description="A PostgreSQL database, postgresql+asyncpg://user:password@host/name. Without it the service keeps "
        "its data in an embedded database in HUNTAZE_DATA.",
    )
    data: Path | None = Field(default=None, description="Folder of the embedded database.")
    database_key: SecretStr | None = Field(
        default=None, description="Encrypts the embedded database: 64 hex digits. The desktop gives its own."
    )
    jwt_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        validation_alias=AliasChoices("JWT_SECRET", "HUNTAZE_JWT_SECRET"),
        description="Signs access tokens: at least 32 characters. An encrypted embedded database makes and keeps one.",
    )
    token_encryption_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("TOKEN_ENCRYPTION_KEY", "HUNTAZE_TOKEN_ENCRYPTION_KEY"),
        description="Encrypts platform keys at rest: 64 hex digits. An encrypted embedded database keeps its own.",
    )
    owner_email: str | None = Field(
        default=None, description="With the password: makes the first owner when the service starts without members."
    )
    owner_password: SecretStr | None = Field(default=None, description="The first owner's password.")
    owner_name: str = Field(default="Owner", description="The first owner's name.")
    agency_name: str = Field(default="My agency", description="The first owner's agency.")
    public_url: str | None = Field(
        default=None,
        description="Where platforms reach this service for webhooks, without a path. Without it they are given the "
        "address it listens on, which only a platform on this machine can use.",
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR."
    )
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias=_read_as("OPENAI_API_KEY"), description="Sets OpenAI up as an AI provider."
    )
    openai_org_id: str | None = Field(
        default=None,
        validation_alias=_read_as("OPENAI_ORG_ID"),
        description="OpenAI's organisation, if the key has several.",
    )
    openai_base_url: str = Field(
        default="https://api.openai.com/v1",
        validation_alias=_read_as("OPENAI_BASE_URL"),
        description="Where OpenAI is reached: another address for a proxy, or for tests.",
    )
    gemini_api_key: SecretStr | None = Field(
        default=None, validation_alias=_read_as("GEMINI_API_KEY"), description="Sets Google Gemini up."
    )
    gemini_model: str | None = Field(
        default=None,
        validation_alias=_read_as("GEMINI_MODEL"),
        description="The Gemini model for ordinary work, instead of the routing table's.",
    )
    gemini_base_url: str = Field(
        default="https://generativelanguage.googleapis.com/v1beta/openai",
        validation_alias=_read_as("GEMINI_BASE_URL"),
        description="Where Gemini's OpenAI-compatible endpoint is reached.",
    )
    azure_openai_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=_read_as("AZURE_OPENAI_API_KEY"),
        description="Sets Azure OpenAI up, with its endpoint and deployment.",
    )
    azure_openai_endpoint: str | None = Field(
        default=None,
        validation_alias=_read_as("AZURE_OPENAI_ENDPOINT"),
        description="The resource, https://name.openai.azure.com.",
    )
    ai_prices: Path | None = Field(
        default=None,
        description="A file of your own prices, in the form of the table that ships: for a provider and model that it "
        "names, it replaces what ships. A model without a price is not used.",
    )
    azure_openai_deployment: str | None = Field(
        default=None,
        validation_alias=_read_as("AZURE_OPENAI_DEPLOYMENT"),
        description="Which deployment is which model: gpt-4o=large,gpt-4o-mini=small. A single name that contains "
        "its model's needs no more. Deployments in a data zone or region, which cost more: gpt-4o@datazone=name.",
    )
    azure_openai_api_version: str = Field(
        default="2024-10-21",
        validation_alias=_read_as("AZURE_OPENAI_API_VERSION"),
        description="Version of Azure OpenAI's API.",
    )
    azure_ai_chat_endpoint: str | None = Field(
        default=None,
        validation_alias=_read_as("AZURE_AI_CHAT_ENDPOINT"),
        description="Azure AI Foundry: where DeepSeek-V3 is reached.",
    )
    azure_ai_chat_key: SecretStr | None = Field(
        default=None, validation_alias=_read_as("AZURE_AI_CHAT_KEY"), description="The key of all Foundry endpoints."
    )
    azure_deepseek_r1_endpoint: str | None = Field(
        default=None,
        validation_alias=_read_as("AZURE_DEEPSEEK_R1_ENDPOINT"),
        description="Azure AI Foundry: where DeepSeek-R1, the reasoning model, is reached.",
    )
    azure_phi4_multimodal_endpoint: str | None = Field(
        default=None,
        validation_alias=_read_as("AZURE_PHI4_MULTIMODAL_ENDPOINT"),
        description="Azure AI Foundry: where Phi-4 multimodal, which sees pictures, is reached.",
    )
    azure_ai_api_version: str = Field(
        default="2024-05-01-preview",
        validation_alias=_read_as("AZURE_AI_API_VERSION"),
        description="Version of Azure AI Foundry's API.",
    )
    ai_prefetch_usd_per_day: float = Field(
        default=0.5,
        ge=0,
        le=1000,
        validation_alias=_read_as("AI_PREFETCH_USD_PER_DAY"),
        description="What suggestions that are written before anybody asks for them may cost an agency a day. 0: none "
        "that costs anything.",
    )
