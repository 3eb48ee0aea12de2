"""Settings of the backend, from the environment; `.env.example` is generated from this class."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


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
