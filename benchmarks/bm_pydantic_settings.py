# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf", "pydantic>=2", "pydantic-settings>=2"]
# ///
"""Creating a service's Settings with pydantic-settings, from arguments and the environment."""

import pyperf
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The guide's three settings, and what stands beside them in a service."""

    model_config = SettingsConfigDict(env_prefix="PERFKIT_BENCHMARK_")

    secret_key: str
    database_url: str
    redis_url: str
    pool_size: int = 5
    debug: bool = False


def instantiate() -> Settings:
    """As in the guide."""
    return Settings(
        secret_key="test",  # noqa: S106 (not a secret)
        database_url="postgresql://localhost/db",
        redis_url="redis://localhost:6379/0",
    )


if __name__ == "__main__":
    runner = pyperf.Runner()
    assert instantiate().redis_url == "redis://localhost:6379/0"
    runner.bench_func("pydantic_settings", instantiate)
