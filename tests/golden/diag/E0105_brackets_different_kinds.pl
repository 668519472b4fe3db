const gain = max(2, 3]
