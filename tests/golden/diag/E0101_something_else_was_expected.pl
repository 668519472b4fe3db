const gain = * 2
