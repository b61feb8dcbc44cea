"""The Serious Violence Needs Assessment: everything with logic lives in this package."""
