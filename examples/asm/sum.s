# Sum of the words of a table: loads, a counted loop, a store, and sleep.
        .text
start:  li      3, 0
        li      4, 4
        mtctr   4
        lis     5, table@h
        ori     5, 5, table@l
        addi    5, 5, -4
loop:   lwzu    6, 4(5)
        add     3, 3, 6
        bdnz    loop
        lis     7, result@h
        ori     7, 7, result@l
        stw     3, 0(7)
        sync
        wait
        b       .-4
        .data
        .globl table
        .type table, @object
        .size table, 16
table:  .long 1, 2, 3, 4
        .globl result
        .type result, @object
        .size result, 4
result: .long 0
