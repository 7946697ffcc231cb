"""docker-compose.yml is valid, closed to the outside, and sets nothing that nobody reads."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prefect.settings import Settings as PrefectSettings
from prefect_redis.cleanup_queue import RedisWorkerCleanupQueueSettings
from prefect_redis.client import RedisMessagingSettings
from pydantic_settings import BaseSettings

from skyclust.embedded.environment import (
    CLIENT_DEFAULTS,
    HEARTBEAT,
    NEVER_EPHEMERAL,
    SERVER_DEFAULTS,
)
from skyclust.embedded.server import SERVER_MODULE
from skyclust.settings import PREFIX, Settings
from tests.production import compose

DOCUMENT: Final = compose.load()
SERVICES: Final = compose.services(DOCUMENT)
OURS: Final = {
    name: service for name, service in SERVICES.items() if service["image"].startswith("skyclust:")
}
LONG_RUNNING: Final = {
    name: service for name, service in SERVICES.items() if not compose.is_one_shot(service)
}


def each(services: dict[str, compose.Document]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("service", services.values(), ids=services.keys())


# --- the specification ------------------------------------------------------------------------


def validate(file: Path) -> subprocess.CompletedProcess[str]:
    """Check a file against the compose specification's own schema, shipped by check-jsonschema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run(
        [*command, str(file)], capture_output=True, text=True, check=False, timeout=60
    )


def test_file_follows_the_compose_specification() -> None:
    outcome = validate(compose.COMPOSE_FILE)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_a_mistake_is_found(tmp_path: Path) -> None:
    document = compose.load()
    document["services"]["redis"]["helthcheck"] = document["services"]["redis"].pop("healthcheck")
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(yaml.safe_dump(document))
    outcome = validate(broken)
    assert outcome.returncode == 1
    assert "helthcheck" in outcome.stdout + outcome.stderr


def test_every_name_that_is_used_is_declared() -> None:
    for name, service in SERVICES.items():
        assert set(service["networks"]) <= set(DOCUMENT["networks"]), name
        assert set(service.get("secrets", ())) <= set(DOCUMENT["secrets"]), name
        assert set(service.get("depends_on", ())) <= set(SERVICES), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in DOCUMENT["volumes"] or (compose.ROOT / source).exists(), volume


# --- running ----------------------------------------------------------------------------------


@each(LONG_RUNNING)
def test_what_runs_on_is_watched_and_restarted(service: compose.Document) -> None:
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(check)


def test_one_shots_are_waited_for() -> None:
    waited_for = {
        dependency
        for service in SERVICES.values()
        for dependency, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert waited_for == set(SERVICES) - set(LONG_RUNNING)


@each(SERVICES)
def test_dependencies_are_waited_for_until_healthy(service: compose.Document) -> None:
    for dependency, how in service.get("depends_on", {}).items():
        one_shot = compose.is_one_shot(SERVICES[dependency])
        expected = "service_completed_successfully" if one_shot else "service_healthy"
        assert how["condition"] == expected


@each(SERVICES)
def test_resources_are_limited(service: compose.Document) -> None:
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}


# --- security ---------------------------------------------------------------------------------


@each(SERVICES)
def test_service_is_hardened(service: compose.Document) -> None:
    assert service["user"] not in {"", "0", "root", "0:0"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@each(SERVICES)
def test_nothing_is_published_beyond_loopback(service: compose.Document) -> None:
    assert "network_mode" not in service
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")


def test_databases_have_no_way_out() -> None:
    for name in ("postgres", "redis"):
        assert "ports" not in SERVICES[name]
        for network in SERVICES[name]["networks"]:
            assert DOCUMENT["networks"][network]["internal"] is True


def test_only_prefect_itself_reaches_redis() -> None:
    reaching = {name for name, one in SERVICES.items() if "messaging" in one["networks"]}
    assert reaching == {"redis", "prefect-server", "prefect-services"}


@each({name: one for name, one in SERVICES.items() if name not in OURS})
def test_foreign_images_are_pinned_to_a_patch_release(service: compose.Document) -> None:
    assert re.search(r":\d+\.\d+(\.\d+)?-[a-z]+@sha256:[0-9a-f]{64}$", service["image"])


SECRET_NAME: Final = re.compile(r"PASSWORD|AUTH_STRING|ENCRYPTION_KEY|SECRET|TOKEN")


@each(SERVICES)
def test_secrets_come_from_mounted_files(service: compose.Document) -> None:
    mounted = {f"/run/secrets/{name}" for name in service.get("secrets", ())}
    used = set()
    for name, value in compose.environment(service).items():
        assert isinstance(value, str), f"{name} is not a string: quote it"
        assert not re.search(r"://[^/@]*:[^/@]*@", value), f"{name} carries a password"
        if SECRET_NAME.search(name):
            assert name.endswith("_FILE"), f"{name} is a secret in plain sight"
            assert value in mounted
            used.add(value)
    scripts = {"/run/secrets/prefect_database_password", "/run/secrets/skyclust_database_password"}
    assert mounted - used <= (scripts if service is SERVICES["postgres"] else set())


def test_no_secret_has_a_default() -> None:
    for name, secret in DOCUMENT["secrets"].items():
        assert set(secret) == {"file"}, name
        assert secret["file"] == f"./secrets/{name}"


def test_folder_of_secrets_stays_out_of_version_control_and_of_the_image() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "--quiet", "secrets/postgres_password"],
        cwd=compose.ROOT,
        check=False,
        timeout=30,
    )
    assert ignored.returncode == 0
    assert (compose.ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


# --- settings ---------------------------------------------------------------------------------


def environment_names(schema: dict[str, Any]) -> set[str]:
    """Return every environment variable that Prefect's schema of its settings names."""
    names: set[str] = set()
    for definition in (schema, *schema.get("$defs", {}).values()):
        for field in definition.get("properties", {}).values():
            names.update(field.get("supported_environment_variables", ()))
    return names


def prefixed_names(settings: type[BaseSettings]) -> set[str]:
    prefix = settings.model_config.get("env_prefix", "")
    return {f"{prefix}{field}".upper() for field in settings.model_fields}


def known_settings() -> set[str]:
    names = environment_names(PrefectSettings.model_json_schema())
    # Read by Prefect straight from the environment (prefect.server.utilities.encryption).
    names.add("PREFECT_SERVER_ENCRYPTION_KEY")
    names |= prefixed_names(RedisMessagingSettings) | prefixed_names(
        RedisWorkerCleanupQueueSettings
    )
    names |= {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    names.add("TMPDIR")  # https://docs.python.org/3/library/tempfile.html#tempfile.gettempdir
    names.add("PGPASSWORD")  # https://www.postgresql.org/docs/15/libpq-envars.html
    return names


def names_read_from_files() -> set[str]:
    """Return the names whose _FILE form the image's entry point reads."""
    script = (compose.ROOT / "scripts/entrypoint").read_text()
    listed = re.search(r"for name in (.*?); do", script, re.DOTALL)
    assert listed
    return {f"{name}_FILE" for name in listed[1].replace("\\\n", " ").split()}


@each(OURS)
def test_every_variable_is_a_setting_that_somebody_reads(service: compose.Document) -> None:
    known = known_settings() | names_read_from_files()
    assert set(compose.environment(service)) <= known


def test_entry_point_reads_only_real_settings() -> None:
    assert {name.removesuffix("_FILE") for name in names_read_from_files()} <= known_settings()


def test_servers_run_as_the_embedded_one_does() -> None:
    """What was measured and tuned for one server holds for several."""
    for name in ("prefect-server", "prefect-services"):
        assert compose.environment(SERVICES[name]).items() >= SERVER_DEFAULTS.items()


@pytest.mark.parametrize("name", ["bootstrap", "worker"])
def test_flow_runs_are_as_alive_as_on_the_embedded_server(name: str) -> None:
    environment = compose.environment(SERVICES[name])
    assert environment[HEARTBEAT] == CLIENT_DEFAULTS[HEARTBEAT]
    assert environment.items() >= NEVER_EPHEMERAL.items()


def test_the_servers_answer_to_their_own_names_and_pages_alone() -> None:
    named = compose.services(compose.load({"SKYCLUST_PREFECT_HOST": "prefect.example"}))
    server = named["prefect-server"]
    environment = compose.environment(server)

    assert server["command"][:3] == ["python", "-m", SERVER_MODULE]
    assert environment["SKYCLUST_PREFECT_HOSTS"] == "prefect-server,prefect.example"
    assert environment["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == "https://prefect.example"
    # A flow run has the environment of its worker: nothing else is given to it.
    for name in ("worker", "recovery-worker", "recovery"):
        assert compose.environment(SERVICES[name])[HEARTBEAT] == CLIENT_DEFAULTS[HEARTBEAT]


def test_a_misspelt_setting_is_found() -> None:
    assert "PREFECT_SERVER_ANALYTICS_ENABLE" not in known_settings()
    assert "SKYCLUST_DATABASE" not in known_settings()
