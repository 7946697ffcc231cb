"""The sandbox of Microsoft Entra ID: the endpoints that issue access tokens."""
