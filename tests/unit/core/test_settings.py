"""Settings come from the environment, and their secrets are not shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from skyclust.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SKYCLUST_{name.upper()}", raising=False)


def test_without_any_setting_everything_is_in_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = load_settings()
    assert settings.home == tmp_path / ".skyclust"
    assert settings.store_url() == f"sqlite:///{tmp_path}/.skyclust/skyclust.db"


def test_the_environment_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYCLUST_HOME", "/srv/one")
    assert load_settings().home == Path("/srv/one")
    monkeypatch.setenv("SKYCLUST_HOME", "/srv/two")
    assert load_settings().home == Path("/srv/two")


def test_a_database_url_is_used_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYCLUST_DATABASE_URL", "postgresql://sky:canary@db/skyclust")
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", "canary-key")
    settings = load_settings()
    assert settings.store_url() == "postgresql://sky:canary@db/skyclust"
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_settings_do_not_change_under_their_readers() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().home = Path("/elsewhere")  # type: ignore[misc]  # what is refused


def test_every_setting_explains_itself() -> None:
    unexplained = [n for n, field in Settings.model_fields.items() if not field.description]
    assert unexplained == []
