// x0: where to, x1: where from, x2: how many bytes.
.globl osb_memcpy
.globl osb_memmove
osb_memcpy:
osb_memmove:
    // Upwards unless the target begins inside the source.
    sub x4, x0, x1
    cmp x4, x2
    b.lo 4f
    mov x3, x0
2:  subs x2, x2, #16
    b.lo 3f
    ldp x4, x5, [x1], #16
    stp x4, x5, [x3], #16
    b 2b
3:  adds x2, x2, #16
    b.eq 6f
7:  ldrb w4, [x1], #1
    strb w4, [x3], #1
    subs x2, x2, #1
    b.ne 7b
    ret
4:  cbz x2, 6f
5:  sub x2, x2, #1
    ldrb w4, [x1, x2]
    strb w4, [x0, x2]
    cbnz x2, 5b
6:  ret

// x0: where, w1: which byte, x2: how many.
.globl osb_memset
osb_memset:
    mov x3, x0
    and x4, x1, #0xff
    orr x4, x4, x4, lsl #8
    orr x4, x4, x4, lsl #16
    orr x4, x4, x4, lsl #32
2:  subs x2, x2, #16
    b.lo 3f
    stp x4, x4, [x3], #16
    b 2b
3:  adds x2, x2, #16
    b.eq 5f
4:  strb w4, [x3], #1
    subs x2, x2, #1
    b.ne 4b
5:  ret

// x0, x1: what to compare, x2: how many bytes.
.globl osb_bcmp
.globl osb_memcmp
osb_bcmp:
osb_memcmp:
    cbz x2, 3f
2:  ldrb w3, [x0], #1
    ldrb w4, [x1], #1
    subs w3, w3, w4
    b.ne 4f
    subs x2, x2, #1
    b.ne 2b
3:  mov w0, wzr
    ret
4:  mov w0, w3
    ret

// x0: a string of C.
.globl osb_strlen
osb_strlen:
    mov x1, x0
2:  ldrb w2, [x1], #1
    cbnz w2, 2b
    sub x0, x1, x0
    sub x0, x0, #1
    ret
