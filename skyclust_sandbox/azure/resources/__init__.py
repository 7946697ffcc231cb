"""The sandbox of Microsoft.Resources: subscriptions, resource groups and tags."""
