"""Settings, strongest first: keyword arguments (flags), `PAPERTAPE_*` variables, the TOML file `config.toml`.

The file lies in the user's configuration directory for `papertape`, or is the one that `PAPERTAPE_CONFIG` names;
paths in it are relative to it. Nothing here imports the database.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_config_path, user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from engine.errors import InvalidError
from storage.tomltext import parse_toml

APPLICATION = "papertape"
PREFIX = "PAPERTAPE_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
OTHERS = 0o066
"""A file's mode, as far as it lets its group and everybody read and write"""


def _several(value: Any) -> Any:
    """Split the files of a variable as PATH is split."""
    return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value


def _named(path: Path) -> Path:
    if path == Path():
        raise ValueError("must name a file")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from error


NamedPath = Annotated[Path, AfterValidator(_named)]


class Settings(BaseSettings):
    """What papertape can be told beforehand. INVALID_SETTINGS names the file or variable and what is wrong in it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    db: NamedPath = Field(
        default_factory=lambda: user_data_path(APPLICATION) / "papertape.db",
        description="the database file; `papertape.db` in the user's data directory",
    )
    workspace: str = Field(
        default="default", min_length=1, description="the name or UUID of the workspace that commands use without -w"
    )
    environment: Literal["development", "production"] = Field(
        default="development", description="in `production` an account cannot be reset"
    )
    strategies: Annotated[tuple[NamedPath, ...], NoDecode, BeforeValidator(_several)] = Field(
        default=(), description="files of strategies to load; in the variable separated as in PATH"
    )
    keys: dict[str, str] = Field(
        default_factory=dict,
        description="the dashboard's keys, by an action's name (`positions.close`, [all](#keys)); a table `[keys]`",
    )
    admin_token: SecretStr | None = Field(
        default=None, description="what the service wants in `X-Admin-Token`; at least 16 characters"
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="the address that the service listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="its port; 0: any that is free")
    upload_limit_mib: int = Field(
        default=64,
        ge=1,
        description="the largest upload that the service takes, unpacked too, in MiB (of 32,768 rows each)",
    )
    max_sweeps: int = Field(default=1, ge=1, description="how many sweeps the service runs at once")
    max_dashboards: int = Field(
        default=8, ge=1, description="how many dashboards `--web` serves at once, each a process of its own"
    )

    def __init__(self, **flags: Any) -> None:
        """Flags; those that are None count as not given."""
        given = {name: value for name, value in flags.items() if value is not None}
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise _invalid(error, given) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources in order of precedence: flags, environment variables, the settings file."""
        return init_settings, env_settings, _ConfigFile(settings_cls)


class _ConfigFile(PydanticBaseSettingsSource):
    """The TOML file as a source of settings, if it exists."""

    def __call__(self) -> dict[str, Any]:
        path = config_path()
        return {key: _relative_to(path.parent, key, value) for key, value in _read(path).items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the file is taken as a whole, so that unknown keys are noticed."""
        return None, field_name, False


def config_path() -> Path:
    """The path of the settings file, whether it exists or not."""
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named).expanduser() if named else user_config_path(APPLICATION) / "config.toml"


def exposed_token() -> Path | None:
    """The settings file, if it holds the service's token and others than its owner can read or change it."""
    path = config_path()
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    return path if os.name == "posix" and mode & OTHERS and "admin_token" in _read(path) else None


def _read(path: Path) -> dict[str, Any]:
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if CONFIG_VARIABLE not in os.environ:
            return {}
        raise InvalidError(
            "INVALID_SETTINGS", f"{CONFIG_VARIABLE} names {path}, which is not there", hint="correct or unset it"
        ) from error
    except (OSError, ValueError) as error:  # TOML's and UTF-8's errors are ValueErrors
        raise InvalidError(
            "INVALID_SETTINGS", f"the settings file {path} cannot be read: {error}", hint="correct the file"
        ) from error


def _relative_to(directory: Path, key: str, value: Any) -> Any:
    if key == "strategies" and isinstance(value, list):
        return [_relative_to(directory, "db", each) for each in value]
    if key == "db" and isinstance(value, str) and value and not value.startswith("~"):
        return directory / value
    return value


def _invalid(error: ValidationError, flags: dict[str, Any]) -> InvalidError:
    faults = [
        _fault(str(fault["loc"][0]), fault["type"], fault["msg"], flags)
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return InvalidError("INVALID_SETTINGS", "; ".join(faults), hint="correct it and try again")


def _fault(key: str, kind: str, said: str, flags: dict[str, Any]) -> str:
    """INVALID_SETTINGS, with where the value came from and what is wrong with it."""
    variable = f"{PREFIX}{key.upper()}"
    if key in flags:
        where = f"--{key}"
    elif os.environ.get(variable):
        where = f"the variable {variable}"
    else:
        where = f"{key} in {config_path()}"
    if kind == "extra_forbidden":
        near = get_close_matches(key, Settings.model_fields, n=1) or sorted(Settings.model_fields)
        return f"{where}: there is no such setting (there is {', '.join(near)})"
    return f"{where}: {said.removeprefix('Value error, ')}"
