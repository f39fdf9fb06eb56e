"""The Azure CLI as its users have it, signed in to a stage as the stage's service principal. Made by `make test` in `.venv-az`."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from contract.running_stage import RunningStage

AZ = Path(__file__).parents[2] / ".venv-az" / "bin" / "az"
WITHIN_S = 120


class Az:
    """One configuration folder per stage: the CLI's token cache does not look at ports."""

    def __init__(self, stage: RunningStage, folder: Path) -> None:
        said = stage.status()
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AZURE_CONFIG_DIR": str(folder / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "REQUESTS_CA_BUNDLE": said["ca"],
        }
        self.register(said)
        secret = ["-u", said["client_id"], "-p", said["client_secret"], "--tenant", said["tenant"]]
        self.accounts = self("login", "--service-principal", *secret)

    def register(self, said: dict[str, Any]) -> None:
        addresses = {
            "resource-manager": said["arm"],
            "management": said["arm"],
            "active-directory": said["authority"],
            "active-directory-resource-id": "https://management.azure.com/",
        }
        options = [word for name, value in addresses.items() for word in (f"--endpoint-{name}", value)]
        suffix = ["--suffix-storage-endpoint", "core.windows.net"]
        self("cloud", "register", "-n", "stage", "--skip-endpoint-discovery", *options, *suffix)
        self("cloud", "set", "-n", "stage")

    def __call__(self, *words: str) -> Any:
        """The command's JSON; AssertionError with its own words when it fails."""
        done = self.run(*words)
        assert done.returncode == 0, f"az {' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(AZ), *words, "--output", "json"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
