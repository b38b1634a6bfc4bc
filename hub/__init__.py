"""CampusHub: courses with their own images, assignments handed out, collected and graded."""
