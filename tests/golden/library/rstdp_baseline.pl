test golden for rstdp_baseline {
    view 3 rows, 6 columns
    seed 1
    given weight = [[39, 25, 59, 62, 20, 15], [56, 38, 58, 46, 0, 41], [10, 17, 5, 46, 36, 21]]
    given address = [[12, 60, 55, 19, 41, 61], [23, 29, 32, 57, 59, 56], [8, 29, 23, 57, 55, 6]]
    given causal = [[35, 5, 11, 14, 20, 18], [34, 18, -1, 28, 26, 32], [22, 9, 23, 13, 6, 17]]
    given acausal = [[0, 4, 7, 31, 26, 34], [39, -3, -2, 18, 2, 40], [36, 6, 39, 27, 27, 1]]
    given rate = [67, 38, 51, 41, 46, 50]
    given membrane = [156, 116, 67, 109, 76, 102]
    given reward = -0.875
    given current = 0
    run 6 updates
    expect weight == [[32, 24, 57, 59, 16, 12], [49, 35, 58, 40, 0, 35], [6, 16, 1, 44, 35, 18]]
    expect address == [[12, 60, 55, 19, 41, 61], [23, 29, 32, 57, 59, 56], [8, 29, 23, 57, 55, 6]]
    expect surprise == -0.02734375
}
