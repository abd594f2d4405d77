"""What a run takes before it is started: work, time, memory, disk and price of each stage."""
