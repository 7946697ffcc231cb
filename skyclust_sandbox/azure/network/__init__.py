"""The sandbox of Microsoft.Network: virtual networks and the resources in them."""
