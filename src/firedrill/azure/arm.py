"""Plain questions to Azure Resource Manager, for what no management client of ours covers.

Two lists (permissions, resources) are all that is needed of the packages for authorisation and resources, which cost
seconds to import: the pipeline that every management client is built on asks for them as well. It only reads.
"""

import os
from typing import Any, NamedTuple

from firedrill.azure.clients import credential, endpoint, setting

PERMISSIONS = "providers/Microsoft.Authorization/permissions", "2022-04-01"
RESOURCES = "resources", "2021-04-01"


class Reply(NamedTuple):
    """`body` is the JSON object; `code` and `words` are Azure's when it refused."""

    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def code(self) -> str:
        return str((self.body.get("error") or {}).get("code") or self.status)

    @property
    def words(self) -> str:
        message = str((self.body.get("error") or {}).get("message") or "no reason given")
        return f"{self.code}: {message.splitlines()[0][:200]}"


class Arm:
    """Asks with the credentials and endpoints of the environment, as every client of ours."""

    def __init__(self) -> None:
        from azure.core.pipeline.policies import RetryPolicy, UserAgentPolicy
        from azure.mgmt.core import ARMPipelineClient
        from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

        self.endpoint, scope = endpoint()
        self._client = ARMPipelineClient(
            base_url=self.endpoint,
            policies=[
                UserAgentPolicy("firedrill"),
                RetryPolicy(retry_total=3),
                ARMChallengeAuthenticationPolicy(credential(), scope),
            ],
            connection_verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,
        )

    @property
    def subscription(self) -> str:
        return setting("AZURE_SUBSCRIPTION_ID")

    def get(self, path: str, version: str) -> Reply:
        """The answer to one GET, a refusal included. The SDK's own errors when nobody answers or signing in fails."""
        return self._get(f"{self.endpoint}{path}?api-version={version}")

    def list(self, scope: str, what: tuple[str, str]) -> tuple[Reply, list[dict[str, Any]]]:
        """All pages of a list below `scope`, and the last answer: a refusal on the way ends it."""
        path, version = what
        reply = self.get(f"{scope}/{path}", version)
        found = list(reply.body.get("value", []))
        while reply.ok and (more := reply.body.get("nextLink")):
            reply = self._get(more)
            found += reply.body.get("value", [])
        return reply, found

    def _get(self, url: str) -> Reply:
        from azure.core.rest import HttpRequest

        response = self._client.send_request(HttpRequest("GET", url, headers={"Accept": "application/json"}))
        return Reply(response.status_code, body_of(response))


def body_of(response: Any) -> dict[str, Any]:
    """The JSON object, or {} for what a proxy on the way may say instead."""
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
