"""The example of the environment says what the settings class reads, and shows no secret."""

from __future__ import annotations

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from huntaze_cli.env_example import render


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HUNTAZE_")

    port: int = Field(8000, description="Where to listen.")
    verbose: bool = Field(default=False, description="Say more.")
    database: str = Field(..., validation_alias="DATABASE_URL", description="Which database.")
    key: SecretStr = Field(SecretStr("hidden"), validation_alias=AliasChoices("HUNTAZE_KEY", "KEY"))


def test_every_setting_is_there_with_its_meaning_and_default():
    text = render(Settings)
    assert "# Where to listen.\n# HUNTAZE_PORT=8000\n" in text
    assert "# Say more.\n# HUNTAZE_VERBOSE=false\n" in text


def test_a_required_setting_waits_to_be_filled_in():
    assert "# Which database.\nDATABASE_URL=\n" in render(Settings)


def test_a_secret_is_named_but_never_shown():
    text = render(Settings)
    assert "# Also read as: KEY\n# HUNTAZE_KEY=\n" in text
    assert "hidden" not in text
