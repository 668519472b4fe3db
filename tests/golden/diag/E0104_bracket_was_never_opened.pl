const gain = 2)
