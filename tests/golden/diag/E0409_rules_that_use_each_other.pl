rule a {
    use b
}

rule b {
    every 1 ms
    use a as inner
}
