"""The clouds of Azure: where each is managed and where tokens for it come from.

A target names a cloud, or the endpoints of one that is not in here (the rehearsal stage has its own).
"""

from typing import NamedTuple


class Cloud(NamedTuple):
    arm: str
    authority: str


CLOUDS = {
    "public": Cloud("https://management.azure.com", "https://login.microsoftonline.com"),
    "us-government": Cloud("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
    "china": Cloud("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}


def audience(arm: str) -> str:
    """What a token for this management endpoint is asked for: the cloud's own; elsewhere the public cloud's."""
    known = [cloud.arm for cloud in CLOUDS.values()]
    return arm if arm in known else CLOUDS["public"].arm
