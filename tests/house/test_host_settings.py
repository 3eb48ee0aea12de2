"""What check-fresh takes from the host: enough to reach packages, and nothing that is not about that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def settings(tool: Callable[[str], ModuleType]) -> ModuleType:
    return tool("host_settings")


def test_only_variables_about_packages_are_handed_over(settings: ModuleType) -> None:
    handed = {
        "PIP_INDEX_URL": "i",
        "UV_INDEX": "i",
        "https_proxy": "p",
        "SSL_CERT_FILE": "c",
        "REQUESTS_CA_BUNDLE": "c",
    }
    kept = {"HOME": "/h", "AWS_SECRET_ACCESS_KEY": "s", "OPENAI_API_KEY": "k", "DATABASE_URL": "d", "PATH": "/bin"}
    assert settings.variables({**handed, **kept}) == handed


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["Types: deb\nURIs: http://archive.example/debian\nSuites: a\n"], "http://archive.example/debian"),
        (["# nothing\n", "deb [signed-by=/k] http://one.example/debian a main\n"], "http://one.example/debian"),
        (["deb http://two.example/ubuntu a main\n"], "http://two.example/ubuntu"),
        (["# deb http://off.example/debian a main\n"], None),
        ([], None),
    ],
)
def test_the_mirror_is_the_one_that_apt_reads(settings: ModuleType, sources: list[str], expected: str | None) -> None:
    assert settings.mirror(sources) == expected


def test_local_indexes_are_folders_that_exist(settings: ModuleType, tmp_path: Path) -> None:
    for name in ("simple", "wheels"):
        (tmp_path / name).mkdir()
    values = [
        f"file://{tmp_path}/simple https://index.example/simple\nfile://{tmp_path}/not-there",
        f"{tmp_path}/wheels",
    ]
    assert settings.local_indexes(values) == [tmp_path / "simple", tmp_path / "wheels"]


def test_certificates_are_found_by_the_variable_that_names_them(settings: ModuleType, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    environment = {"SSL_CERT_FILE": str(bundle), "PIP_CERT": "/not/there", "PIP_FIND_LINKS": str(tmp_path)}
    assert settings.certificates(environment) == [bundle]


def test_certificates_point_to_where_the_root_keeps_them(settings: ModuleType, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    assert settings.variables({"SSL_CERT_FILE": str(bundle)}) == {"SSL_CERT_FILE": str(settings.moved(bundle))}
