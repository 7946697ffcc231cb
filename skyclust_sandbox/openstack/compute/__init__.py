"""Nova: servers, flavors, key pairs, and the quotas on them."""
