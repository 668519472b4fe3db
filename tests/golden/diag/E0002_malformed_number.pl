const gain = .5
