"""The OS profile of a virtual machine.

Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/create-or-update
"""

from __future__ import annotations

from typing import Any, Final

from skyclust_sandbox.azure.responses import arm_error

_WRITE_ONLY: Final = frozenset({"adminPassword", "customData"})


def os_profile(computer_name: str, requested: dict[str, Any] | None) -> dict[str, Any]:
    """Return the OS profile of a VM, without the password and the custom data.

    Refuses a user name that Azure does not allow, and a profile without password or key.
    """
    if requested is None:
        message = "Required parameter 'osProfile' is missing (null)."
        raise arm_error(400, "InvalidParameter", message)
    if not requested.get("adminUsername"):
        message = "Required parameter 'adminUsername' is missing (null)."
        raise arm_error(400, "InvalidParameter", message)
    if requested["adminUsername"].lower() in {"admin", "root", "administrator", "guest", "user"}:
        message = "The Admin Username specified is not allowed."
        raise arm_error(400, "InvalidParameter", message)
    linux = requested.get("linuxConfiguration", {})
    keys = linux.get("ssh", {}).get("publicKeys", [])
    if linux.get("disablePasswordAuthentication") and not keys:
        message = "Authentication using SSH needs at least one key in linuxConfiguration.ssh."
        raise arm_error(400, "InvalidParameter", message)
    if not keys and not requested.get("adminPassword"):
        message = "Required parameter 'adminPassword' is missing (null)."
        raise arm_error(400, "InvalidParameter", message)
    for key in keys:
        _check_public_key(str(key.get("keyData", "")))
    profile = {
        "computerName": computer_name,
        **{field: value for field, value in requested.items() if field not in _WRITE_ONLY},
        "secrets": [],
        "allowExtensionOperations": True,
        "requireGuestProvisionSignal": True,
    }
    if "windowsConfiguration" not in requested:
        profile["linuxConfiguration"] = {
            "disablePasswordAuthentication": False,
            "provisionVMAgent": True,
            "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"},
            **linux,
        }
    return profile


def _check_public_key(key: str) -> None:
    if not key.startswith(("ssh-rsa ", "ssh-ed25519 ")) or len(key.split()) < 2:
        message = "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid."
        raise arm_error(400, "InvalidParameter", message)
