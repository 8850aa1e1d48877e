"""A plan against noise: the same sweep on bars whose order is shuffled."""
