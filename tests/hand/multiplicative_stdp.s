# Multiplicative STDP: w += g d (63 - w) where d = c - a > 0, else g' d w
#
# One update of all rows of the view, written by hand for the test `cycles`. The order is that of a
# person with the pipelines in mind: reads first, then the conversion of the next row, then both
# half rows side by side; sums in the accumulator where the bits allow.
#
# In: baselines less 128, column mask (1 in the columns of the view), hardware rows, gains.
# v0 codes of the pending conversion; v1 to v3 and v16 to v31 constants and baselines.
# Both branches have the same shape, so what differs is chosen before it is computed.

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
	fxvsplath 29,r12		# twice this is one half; one place to the right
	li r12,771
	fxvsplath 28,r12		# 3 in every byte
	lwz r12,gain_up(0)
	fxvsplath 27,r12		# gain of potentiation
	lwz r12,gain_down(0)
	fxvsplath 26,r12		# gain of depression
	li r12,32256
	fxvsplath 25,r12		# 63 with 9 places
	li r12,-32768
	fxvsplath 24,r12		# the minimum
	li r12,-16384
	fxvsplath 23,r12		# one place to the right, negative
	li r12,24640
	fxvsplath 22,r12		# 7 places: above 63.5 it saturates
	li r12,28704
	fxvsplath 1,r12		# 6 places: above 63.5 it saturates
	li r12,512
	fxvsplath 2,r12		# 6 places to the right
	li r12,256
	fxvsplath 3,r12		# 7 places to the right
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
	fxvinx 7,r7,r8		# acausal, even columns
	fxvinx 8,r6,r9		# causal, odd columns
	fxvinx 9,r7,r9
	fxvinx 4,0,r8		# weights
	fxvinx 5,0,r9
	fxvsubbm 0,0,30
	fxvsubbfs 6,18,0	# causal signal, even columns
	addi r4,r4,1
	lbz r10,row_table(r4)
	rlwinm r10,r10,1,0,30	# the next row
	subf r11,r3,r4
	rlwinm r11,r11,22,10,10
	xor r11,r6,r11		# a conversion, or what is latched after the last row
	fxvinx 0,r11,r10
	fxvsubbm 7,7,30
	fxvsubbfs 7,20,7
	fxvsubbm 8,8,30
	fxvsubbfs 8,19,8
	fxvsubbm 9,9,30
	fxvsubbfs 9,21,9
# even columns, left
	fxvupckbl 10,6,31
	fxvupckbl 11,7,31
	fxvupckbl 12,4,31,1	# w with 9 places
	fxvmultachfs 10,29
	fxvmahfs 10,11,23		# d with 7 places
	fxvsubhfs 11,25,12		# 63 - w
	fxvcmph 10
	fxvaddtach 29,29		# round to nearest
	fxvsel 11,12,11,1
	fxvsel 13,26,27,1
	fxvshh 14,12,-3
	fxvshh 12,12,-2
	fxvsel 14,14,12,1	# w with 6 or 7 places
	fxvmahfs 10,10,11
	fxvsel 11,2,3,1
	fxvmahfs 10,10,13
	fxvsel 13,1,22,1
	fxvaddhfs 10,14,10
	fxvaddhfs 10,10,13
	fxvaddactachf 24		# and clamp at 0
	fxvsubhm 10,10,13
	fxvmahfs 15,10,11
# even columns, right
	fxvupckbr 10,6,31
	fxvupckbr 11,7,31
	fxvupckbr 12,4,31,1	# w with 9 places
	fxvmultachfs 10,29
	fxvmahfs 10,11,23		# d with 7 places
	fxvsubhfs 11,25,12		# 63 - w
	fxvcmph 10
	fxvaddtach 29,29		# round to nearest
	fxvsel 11,12,11,1
	fxvsel 13,26,27,1
	fxvshh 14,12,-3
	fxvshh 12,12,-2
	fxvsel 14,14,12,1	# w with 6 or 7 places
	fxvmahfs 10,10,11
	fxvsel 11,2,3,1
	fxvmahfs 10,10,13
	fxvsel 13,1,22,1
	fxvaddhfs 10,14,10
	fxvaddhfs 10,10,13
	fxvaddactachf 24		# and clamp at 0
	fxvsubhm 10,10,13
	fxvmahfs 10,10,11
	fxvpckbl 10,15,10
	fxvcmpb 16
	fxvoutx 10,0,r8,1
	fxvoutx 28,r5,r8,1	# both branches
# odd columns, left
	fxvupckbl 10,8,31
	fxvupckbl 11,9,31
	fxvupckbl 12,5,31,1	# w with 9 places
	fxvmultachfs 10,29
	fxvmahfs 10,11,23		# d with 7 places
	fxvsubhfs 11,25,12		# 63 - w
	fxvcmph 10
	fxvaddtach 29,29		# round to nearest
	fxvsel 11,12,11,1
	fxvsel 13,26,27,1
	fxvshh 14,12,-3
	fxvshh 12,12,-2
	fxvsel 14,14,12,1	# w with 6 or 7 places
	fxvmahfs 10,10,11
	fxvsel 11,2,3,1
	fxvmahfs 10,10,13
	fxvsel 13,1,22,1
	fxvaddhfs 10,14,10
	fxvaddhfs 10,10,13
	fxvaddactachf 24		# and clamp at 0
	fxvsubhm 10,10,13
	fxvmahfs 15,10,11
# odd columns, right
	fxvupckbr 10,8,31
	fxvupckbr 11,9,31
	fxvupckbr 12,5,31,1	# w with 9 places
	fxvmultachfs 10,29
	fxvmahfs 10,11,23		# d with 7 places
	fxvsubhfs 11,25,12		# 63 - w
	fxvcmph 10
	fxvaddtach 29,29		# round to nearest
	fxvsel 11,12,11,1
	fxvsel 13,26,27,1
	fxvshh 14,12,-3
	fxvshh 12,12,-2
	fxvsel 14,14,12,1	# w with 6 or 7 places
	fxvmahfs 10,10,11
	fxvsel 11,2,3,1
	fxvmahfs 10,10,13
	fxvsel 13,1,22,1
	fxvaddhfs 10,14,10
	fxvaddhfs 10,10,13
	fxvaddactachf 24		# and clamp at 0
	fxvsubhm 10,10,13
	fxvmahfs 10,10,11
	fxvpckbl 10,15,10
	fxvcmpb 17
	fxvoutx 10,0,r9,1
	fxvoutx 28,r5,r9,1	# both branches
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
	.globl gain_up
	.type gain_up, @object
	.size gain_up, 4
gain_up:
	.space 4
	.globl gain_down
	.type gain_down, @object
	.size gain_down, 4
gain_down:
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
