const state = 3
