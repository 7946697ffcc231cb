"""The sandbox of Microsoft.CostManagement: the bill of the main subscription, and its exports."""
