"""Nova: servers, flavors, key pairs and quotas."""
