"""The processes beside the hub: service, grader, worker, culler."""
