# Additive STDP: w += g+ c - g- a
#
# One update of all rows of the view, written by hand for the test `cycles`. The order is that of a
# person with the pipelines in mind: reads first, then the conversion of the next row, then the
# four quarters of the row side by side; sums in the accumulator where the bits allow.
#
# In: baselines less 128, column mask (1 in the columns of the view), hardware rows, gains.
# v0 codes of the pending conversion; v16 to v31 constants and baselines.

	.section .text
	.globl _start
_start:
	b begin
	.space 48		# the vector table
begin:
	lwz r3,rows(0)
	li r4,0			# row position
	lis r5,8		# causal plane: codes when read, resets when written
	lis r6,40		# causal, latched
	lis r7,44		# acausal, latched
	li r12,0
	fxvsplath 31,r12		# zero
	li r12,-32640
	fxvsplath 30,r12		# 128 in every byte
	li r12,16384
	fxvsplath 29,r12		# twice this is one half
	li r12,771
	fxvsplath 28,r12		# 3 in every byte
	lwz r12,gain_plus(0)
	fxvsplath 27,r12		# gain of the causal term
	lwz r12,gain_minus(0)
	fxvsplath 26,r12		# gain of the acausal term
	li r12,28704
	fxvsplath 25,r12		# above 63.5 it saturates
	li r12,-32768
	fxvsplath 24,r12		# the minimum
	li r12,512
	fxvsplath 23,r12		# 6 places to the right
	li r12,column_mask
	fxvlax 16,0,r12
	li r12,column_mask+128
	fxvlax 17,0,r12
	li r12,baseline_causal
	fxvlax 18,0,r12
	li r12,baseline_causal+128
	fxvlax 19,0,r12
	li r12,baseline_acausal
	fxvlax 20,0,r12
	li r12,baseline_acausal+128
	fxvlax 21,0,r12
	lbz r8,row_table(0)
	rlwinm r8,r8,1,0,30
	fxvinx 0,r5,r8
row:
	addi r9,r8,1
	fxvinx 1,r7,r8		# acausal, even columns
	fxvinx 2,r6,r9		# causal, odd columns
	fxvinx 3,r7,r9
	fxvinx 4,0,r8		# weights
	fxvinx 5,0,r9
	fxvsubbm 6,0,30
	fxvsubbfs 6,18,6	# causal signal, even columns
	addi r4,r4,1
	lbz r10,row_table(r4)
	rlwinm r10,r10,1,0,30	# the next row
	subf r11,r3,r4
	rlwinm r11,r11,22,10,10
	xor r11,r6,r11		# a conversion, or what is latched after the last row
	fxvinx 0,r11,r10
	fxvsubbm 1,1,30
	fxvsubbfs 7,20,1
	fxvsubbm 2,2,30
	fxvsubbfs 8,19,2
	fxvsubbm 3,3,30
	fxvsubbfs 9,21,3
# even left, even right, odd left, odd right
	fxvaddtach 29,29		# round to nearest
	fxvupckbl 10,6,31
	fxvupckbr 11,6,31
	fxvupckbl 12,8,31
	fxvupckbr 13,8,31
	fxvmahfs 10,10,27
	fxvmahfs 11,11,27
	fxvmahfs 12,12,27
	fxvmahfs 13,13,27
	fxvupckbl 14,7,31
	fxvupckbr 15,7,31
	fxvupckbl 6,9,31
	fxvupckbr 8,9,31
	fxvmahfs 14,14,26
	fxvmahfs 15,15,26
	fxvmahfs 6,6,26
	fxvmahfs 8,8,26
	fxvsubhfs 10,10,14
	fxvsubhfs 11,11,15
	fxvsubhfs 12,12,6
	fxvsubhfs 13,13,8
# weights with 6 places
	fxvupckbl 14,31,4,2
	fxvupckbr 15,31,4,2
	fxvupckbl 6,31,5,2
	fxvupckbr 8,31,5,2
	fxvshh 14,14,2
	fxvshh 15,15,2
	fxvshh 6,6,2
	fxvshh 8,8,2
	fxvaddhfs 10,14,10
	fxvaddhfs 11,15,11
	fxvaddhfs 12,6,12
	fxvaddhfs 13,8,13
	fxvaddhfs 10,10,25
	fxvaddhfs 11,11,25
	fxvaddhfs 12,12,25
	fxvaddhfs 13,13,25
	fxvaddactachf 24		# and clamp at 0
	fxvsubhm 10,10,25
	fxvsubhm 11,11,25
	fxvsubhm 12,12,25
	fxvsubhm 13,13,25
	fxvmahfs 10,10,23
	fxvmahfs 11,11,23
	fxvmahfs 12,12,23
	fxvmahfs 13,13,23
	fxvpckbl 10,10,11
	fxvcmpb 16
	fxvoutx 10,0,r8,1
	fxvoutx 28,r5,r8,1	# both branches
	fxvpckbl 12,12,13
	fxvcmpb 17
	fxvoutx 12,0,r9,1
	fxvoutx 28,r5,r9,1
	mr r8,r10
	cmpw r4,r3
	blt row
	sync
	wait
	.size _start, .-_start

	.section .data
	.balign 4
	.globl rows
	.type rows, @object
	.size rows, 4
rows:
	.space 4
	.globl gain_plus
	.type gain_plus, @object
	.size gain_plus, 4
gain_plus:
	.space 4
	.globl gain_minus
	.type gain_minus, @object
	.size gain_minus, 4
gain_minus:
	.space 4
	.globl row_table
	.type row_table, @object
	.size row_table, 260
row_table:
	.space 260
	.balign 128
	.globl column_mask
	.type column_mask, @object
	.size column_mask, 256
column_mask:
	.space 256
	.globl baseline_causal
	.type baseline_causal, @object
	.size baseline_causal, 256
baseline_causal:
	.space 256
	.globl baseline_acausal
	.type baseline_acausal, @object
	.size baseline_acausal, 256
baseline_acausal:
	.space 256
