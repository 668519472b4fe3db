//! The instruction table: one row an instruction, handed to every user by [`for_each_insn!`].
//!
//! A row reads
//!
//! ```text
//! /// Meaning, in one sentence.
//! Variant "mnemonic" Extension Form(primary, extended) [name: Field role, ...] [Flag, ...]
//!     [Resource how, ...] module::function Class;
//! ```
//!
//! - operands stand in the order of the assembler; a field says where the bits are and how they
//!   are written ([`Field`](crate::Field)), the role whether a register is defined or used;
//! - flags are the optional bits ([`Flag`](crate::Flag)): record, overflow, absolute, link;
//! - resources are what the instruction touches besides its operands;
//! - `module::function` is the function of the simulator that executes it, and
//! - `Class` its row in the latency table ([`latency`](crate::latency)).
//!
//! Bits that belong to no operand and no flag must be as the form gives them: a word that sets
//! one is not this instruction. Numbers follow Power ISA 2.06, book I, appendix F, and for the vector set the
//! opcode table of the core.

/// Hands every row of the instruction table to the macro named.
///
/// The macro is called once, with all rows, in the grammar of the module's documentation.
#[macro_export]
macro_rules! for_each_insn {
    ($callback:ident) => {
        $callback! {
            /// Move to the accumulator: sign-extended halfword lanes.
            Fxvmtach "fxvmtach" S2pp Fxv(4, 15) [vra: Vra use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvmtach Madd1;
            /// Move to the accumulator: sign-extended byte lanes.
            Fxvmtacb "fxvmtacb" S2pp Fxv(4, 14) [vra: Vra use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvmtacb Madd1;
            /// Move to the accumulator: fractional halfword lanes, shifted into the upper half.
            Fxvmtachf "fxvmtachf" S2pp Fxv(4, 31) [vra: Vra use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvmtachf Madd1;
            /// Move to the accumulator: fractional byte lanes, shifted into the upper half.
            Fxvmtacbf "fxvmtacbf" S2pp Fxv(4, 30) [vra: Vra use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvmtacbf Madd1;
            /// Multiply halfword lanes and add the accumulator, modulo; the accumulator stays.
            Fxvmahm "fxvmahm" S2pp Fxv(4, 12) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc use, Vcr use] vector::fxvmahm Madd2;
            /// Multiply byte lanes and add the accumulator, modulo; the accumulator stays.
            Fxvmabm "fxvmabm" S2pp Fxv(4, 13) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc use, Vcr use] vector::fxvmabm Madd2;
            /// Multiply fractional halfword lanes and add the accumulator, saturating; the upper half of the sum.
            Fxvmahfs "fxvmahfs" S2pp Fxv(4, 28) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc use, Vcr use] vector::fxvmahfs Madd2;
            /// Multiply fractional byte lanes and add the accumulator, saturating; the upper half of the sum.
            Fxvmabfs "fxvmabfs" S2pp Fxv(4, 29) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc use, Vcr use] vector::fxvmabfs Madd2;
            /// Multiply halfword lanes and add to the accumulator, modulo.
            Fxvmatachm "fxvmatachm" S2pp Fxv(4, 44) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc both, Vcr use] vector::fxvmatachm Madd2;
            /// Multiply byte lanes and add to the accumulator, modulo.
            Fxvmatacbm "fxvmatacbm" S2pp Fxv(4, 45) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc both, Vcr use] vector::fxvmatacbm Madd2;
            /// Multiply fractional halfword lanes and add to the accumulator, saturating.
            Fxvmatachfs "fxvmatachfs" S2pp Fxv(4, 60) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc both, Vcr use] vector::fxvmatachfs Madd2;
            /// Multiply fractional byte lanes and add to the accumulator, saturating.
            Fxvmatacbfs "fxvmatacbfs" S2pp Fxv(4, 61) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc both, Vcr use] vector::fxvmatacbfs Madd2;
            /// Multiply halfword lanes, modulo: the low half of the product.
            Fxvmulhm "fxvmulhm" S2pp Fxv(4, 76) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvmulhm Madd2;
            /// Multiply byte lanes, modulo: the low half of the product.
            Fxvmulbm "fxvmulbm" S2pp Fxv(4, 77) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvmulbm Madd2;
            /// Multiply fractional halfword lanes, saturating, rounded towards minus infinity.
            Fxvmulhfs "fxvmulhfs" S2pp Fxv(4, 92) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvmulhfs Madd2;
            /// Multiply fractional byte lanes, saturating, rounded towards minus infinity.
            Fxvmulbfs "fxvmulbfs" S2pp Fxv(4, 93) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvmulbfs Madd2;
            /// Multiply halfword lanes into the accumulator, exactly.
            Fxvmultachm "fxvmultachm" S2pp Fxv(4, 108) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvmultachm Madd2;
            /// Multiply byte lanes into the accumulator, exactly.
            Fxvmultacbm "fxvmultacbm" S2pp Fxv(4, 109) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvmultacbm Madd2;
            /// Multiply fractional halfword lanes into the accumulator, saturating.
            Fxvmultachfs "fxvmultachfs" S2pp Fxv(4, 124) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvmultachfs Madd2;
            /// Multiply fractional byte lanes into the accumulator, saturating.
            Fxvmultacbfs "fxvmultacbfs" S2pp Fxv(4, 125) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvmultacbfs Madd2;
            /// Subtract halfword lanes, modulo: first source minus second.
            Fxvsubhm "fxvsubhm" S2pp Fxv(4, 332) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvsubhm Madd2;
            /// Subtract byte lanes, modulo: first source minus second.
            Fxvsubbm "fxvsubbm" S2pp Fxv(4, 333) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvsubbm Madd2;
            /// Subtract halfword lanes, saturating: first source minus second.
            Fxvsubhfs "fxvsubhfs" S2pp Fxv(4, 348) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvsubhfs Madd2;
            /// Subtract byte lanes, saturating: first source minus second.
            Fxvsubbfs "fxvsubbfs" S2pp Fxv(4, 349) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvsubbfs Madd2;
            /// Add sign-extended halfword lanes to the accumulator, modulo.
            Fxvaddactachm "fxvaddactachm" S2pp Fxv(4, 364) [vra: Vra use, cond: Cond imm] [] [Acc both, Vcr use] vector::fxvaddactachm Madd1;
            /// Add sign-extended byte lanes to the accumulator, modulo.
            Fxvaddactacbm "fxvaddactacbm" S2pp Fxv(4, 365) [vra: Vra use, cond: Cond imm] [] [Acc both, Vcr use] vector::fxvaddactacbm Madd1;
            /// Add fractional halfword lanes to the accumulator, saturating (despite the name).
            Fxvaddactachf "fxvaddactachf" S2pp Fxv(4, 380) [vra: Vra use, cond: Cond imm] [] [Acc both, Vcr use] vector::fxvaddactachf Madd1;
            /// Add fractional byte lanes to the accumulator, saturating (despite the name).
            Fxvaddactacbf "fxvaddactacbf" S2pp Fxv(4, 381) [vra: Vra use, cond: Cond imm] [] [Acc both, Vcr use] vector::fxvaddactacbf Madd1;
            /// Add halfword lanes and the accumulator, modulo, into a register.
            Fxvaddachm "fxvaddachm" S2pp Fxv(4, 396) [vrt: Vrt def, vra: Vra use, cond: Cond imm] [] [Acc use, Vcr use] vector::fxvaddachm Madd1;
            /// Add byte lanes and the accumulator, modulo, into a register.
            Fxvaddacbm "fxvaddacbm" S2pp Fxv(4, 397) [vrt: Vrt def, vra: Vra use, cond: Cond imm] [] [Acc use, Vcr use] vector::fxvaddacbm Madd1;
            /// Add fractional halfword lanes and the accumulator, saturating; the upper half of the sum.
            Fxvaddachfs "fxvaddachfs" S2pp Fxv(4, 412) [vrt: Vrt def, vra: Vra use, cond: Cond imm] [] [Acc use, Vcr use] vector::fxvaddachfs Madd1;
            /// Add fractional byte lanes and the accumulator, saturating; the upper half of the sum.
            Fxvaddacbfs "fxvaddacbfs" S2pp Fxv(4, 413) [vrt: Vrt def, vra: Vra use, cond: Cond imm] [] [Acc use, Vcr use] vector::fxvaddacbfs Madd1;
            /// Add halfword lanes into the accumulator, exactly.
            Fxvaddtach "fxvaddtach" S2pp Fxv(4, 428) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvaddtach Madd2;
            /// Add byte lanes into the accumulator, exactly.
            Fxvaddtacb "fxvaddtacb" S2pp Fxv(4, 429) [vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Acc def, Vcr use] vector::fxvaddtacb Madd2;
            /// Add halfword lanes, modulo.
            Fxvaddhm "fxvaddhm" S2pp Fxv(4, 460) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvaddhm Madd2;
            /// Add byte lanes, modulo.
            Fxvaddbm "fxvaddbm" S2pp Fxv(4, 461) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvaddbm Madd2;
            /// Add halfword lanes, saturating.
            Fxvaddhfs "fxvaddhfs" S2pp Fxv(4, 476) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvaddhfs Madd2;
            /// Add byte lanes, saturating.
            Fxvaddbfs "fxvaddbfs" S2pp Fxv(4, 477) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvaddbfs Madd2;
            /// Compare halfword lanes with zero, signed, into the vector condition register.
            Fxvcmph "fxvcmph" S2pp Fxv(4, 300) [vra: Vra use] [] [Vcr def] vector::fxvcmph Compare;
            /// Compare byte lanes with zero, signed, into the vector condition register.
            Fxvcmpb "fxvcmpb" S2pp Fxv(4, 301) [vra: Vra use] [] [Vcr def] vector::fxvcmpb Compare;
            /// Shift halfword lanes, filling with zeros: left if positive, right if negative.
            Fxvshh "fxvshh" S2pp Fxv(4, 316) [vrt: Vrt def, vra: Vra use, shift: Shift imm] [] [] vector::fxvshh Shift;
            /// Shift byte lanes, filling with zeros: left if positive, right if negative.
            Fxvshb "fxvshb" S2pp Fxv(4, 317) [vrt: Vrt def, vra: Vra use, shift: Shift imm] [] [] vector::fxvshb Shift;
            /// Copy the low halfword of a general-purpose register into every lane.
            Fxvsplath "fxvsplath" S2pp Fxv(4, 268) [vrt: Vrt def, ra: Ra use] [] [] vector::fxvsplath Splat;
            /// Copy the low byte of a general-purpose register into every lane.
            Fxvsplatb "fxvsplatb" S2pp Fxv(4, 269) [vrt: Vrt def, ra: Ra use] [] [] vector::fxvsplatb Splat;
            /// Select by byte: the second source where the condition holds, else the first.
            Fxvsel "fxvsel" S2pp Fxv(4, 319) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, cond: Cond imm] [] [Vcr use] vector::fxvsel Permute;
            /// Pack the upper bytes of halfwords, slice by slice; `size` bits are given up a byte.
            Fxvpckbu "fxvpckbu" S2pp Fxv(4, 239) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, size: Size imm] [] [] vector::fxvpckbu Permute;
            /// Pack the lower bytes of halfwords, slice by slice; `size` bits are given up a byte.
            Fxvpckbl "fxvpckbl" S2pp Fxv(4, 255) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, size: Size imm] [] [] vector::fxvpckbl Permute;
            /// Unpack the left eight bytes of every slice into halfwords.
            Fxvupckbl "fxvupckbl" S2pp Fxv(4, 287) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, size: Size imm] [] [] vector::fxvupckbl Permute;
            /// Unpack the right eight bytes of every slice into halfwords.
            Fxvupckbr "fxvupckbr" S2pp Fxv(4, 271) [vrt: Vrt def, vra: Vra use, vrb: Vrb use, size: Size imm] [] [] vector::fxvupckbr Permute;
            /// Load 128 bytes from memory; the two low address bits and the condition are ignored.
            Fxvlax "fxvlax" S2pp Fxv(4, 492) [vrt: Vrt def, ra: Ra0 use, rb: Rb use, cond: Cond imm] [] [Memory use] vector::fxvlax VectorLoad;
            /// Store 128 bytes to memory; the two low address bits and the condition are ignored.
            Fxvstax "fxvstax" S2pp Fxv(4, 508) [vrt: Vrt use, ra: Ra0 use, rb: Rb use, cond: Cond imm] [] [Memory def] vector::fxvstax VectorStore;
            /// Read a half row by the parallel IO bus.
            Fxvinx "fxvinx" S2pp Fxv(4, 236) [vrt: Vrt def, ra: Ra0 use, rb: Rb use, cond: Cond imm] [] [Io use, Vcr use] vector::fxvinx VectorIn;
            /// Write a half row by the parallel IO bus; lanes failing the condition keep their value.
            Fxvoutx "fxvoutx" S2pp Fxv(4, 252) [vrt: Vrt use, ra: Ra0 use, rb: Rb use, cond: Cond imm] [] [Io def, Vcr use] vector::fxvoutx VectorOut;
            /// Add a signed immediate; register 0 as source reads as zero.
            Addi "addi" Base D(14) [rt: Rt def, ra: Ra0 use, si: Si imm] [] [] fixed_point::addi Fixed;
            /// Add an immediate shifted left by 16; register 0 as source reads as zero.
            Addis "addis" Base D(15) [rt: Rt def, ra: Ra0 use, si: SiShifted imm] [] [] fixed_point::addis Fixed;
            /// Add a signed immediate and record the carry.
            Addic "addic" Base D(12) [rt: Rt def, ra: Ra use, si: Si imm] [] [Ca def] fixed_point::addic Fixed;
            /// Add a signed immediate, record the carry and compare the sum with zero.
            AddicRc "addic." Base D(13) [rt: Rt def, ra: Ra use, si: Si imm] [] [Ca def, Cr def] fixed_point::addic_rc Fixed;
            /// Subtract from a signed immediate and record the carry.
            Subfic "subfic" Base D(8) [rt: Rt def, ra: Ra use, si: Si imm] [] [Ca def] fixed_point::subfic Fixed;
            /// Add.
            Add "add" Base Xo(31, 266) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [] fixed_point::add Fixed;
            /// Add and record the carry.
            Addc "addc" Base Xo(31, 10) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [Ca def] fixed_point::addc Fixed;
            /// Add with the carry, and record it.
            Adde "adde" Base Xo(31, 138) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [Ca both] fixed_point::adde Fixed;
            /// Subtract the first source from the second.
            Subf "subf" Base Xo(31, 40) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [] fixed_point::subf Fixed;
            /// Subtract the first source from the second and record the carry.
            Subfc "subfc" Base Xo(31, 8) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [Ca def] fixed_point::subfc Fixed;
            /// Subtract the first source from the second with the carry, and record it.
            Subfe "subfe" Base Xo(31, 136) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [Ca both] fixed_point::subfe Fixed;
            /// Add the carry and minus one.
            Addme "addme" Base Xo(31, 234) [rt: Rt def, ra: Ra use] [Oe, Rc] [Ca both] fixed_point::addme Fixed;
            /// Add the carry.
            Addze "addze" Base Xo(31, 202) [rt: Rt def, ra: Ra use] [Oe, Rc] [Ca both] fixed_point::addze Fixed;
            /// Complement, add the carry and minus one.
            Subfme "subfme" Base Xo(31, 232) [rt: Rt def, ra: Ra use] [Oe, Rc] [Ca both] fixed_point::subfme Fixed;
            /// Complement and add the carry.
            Subfze "subfze" Base Xo(31, 200) [rt: Rt def, ra: Ra use] [Oe, Rc] [Ca both] fixed_point::subfze Fixed;
            /// Negate.
            Neg "neg" Base Xo(31, 104) [rt: Rt def, ra: Ra use] [Oe, Rc] [] fixed_point::neg Fixed;
            /// Multiply by a signed immediate: the low word.
            Mulli "mulli" Base D(7) [rt: Rt def, ra: Ra use, si: Si imm] [] [] fixed_point::mulli Multiply;
            /// Multiply: the low word.
            Mullw "mullw" Base Xo(31, 235) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [] fixed_point::mullw Multiply;
            /// Multiply signed: the high word.
            Mulhw "mulhw" Base Xo(31, 75) [rt: Rt def, ra: Ra use, rb: Rb use] [Rc] [] fixed_point::mulhw Multiply;
            /// Multiply unsigned: the high word.
            Mulhwu "mulhwu" Base Xo(31, 11) [rt: Rt def, ra: Ra use, rb: Rb use] [Rc] [] fixed_point::mulhwu Multiply;
            /// Divide signed, truncating; see `exec` for division by zero.
            Divw "divw" Base Xo(31, 491) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [] fixed_point::divw Divide;
            /// Divide unsigned; division by zero gives all ones.
            Divwu "divwu" Base Xo(31, 459) [rt: Rt def, ra: Ra use, rb: Rb use] [Oe, Rc] [] fixed_point::divwu Divide;
            /// Or with an immediate.
            Ori "ori" Base D(24) [ra: Ra def, rs: Rt use, ui: Ui imm] [] [] fixed_point::ori Fixed;
            /// Or with an immediate shifted left by 16.
            Oris "oris" Base D(25) [ra: Ra def, rs: Rt use, ui: Ui imm] [] [] fixed_point::oris Fixed;
            /// Exclusive or with an immediate.
            Xori "xori" Base D(26) [ra: Ra def, rs: Rt use, ui: Ui imm] [] [] fixed_point::xori Fixed;
            /// Exclusive or with an immediate shifted left by 16.
            Xoris "xoris" Base D(27) [ra: Ra def, rs: Rt use, ui: Ui imm] [] [] fixed_point::xoris Fixed;
            /// And with an immediate and compare with zero.
            AndiRc "andi." Base D(28) [ra: Ra def, rs: Rt use, ui: Ui imm] [] [Cr def] fixed_point::andi_rc Fixed;
            /// And with an immediate shifted left by 16 and compare with zero.
            AndisRc "andis." Base D(29) [ra: Ra def, rs: Rt use, ui: Ui imm] [] [Cr def] fixed_point::andis_rc Fixed;
            /// And.
            And "and" Base X(31, 28) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::and Fixed;
            /// And with the complement.
            Andc "andc" Base X(31, 60) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::andc Fixed;
            /// Or.
            Or "or" Base X(31, 444) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::or Fixed;
            /// Or with the complement.
            Orc "orc" Base X(31, 412) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::orc Fixed;
            /// Exclusive or.
            Xor "xor" Base X(31, 316) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::xor Fixed;
            /// Complement of and.
            Nand "nand" Base X(31, 476) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::nand Fixed;
            /// Complement of or.
            Nor "nor" Base X(31, 124) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::nor Fixed;
            /// Complement of exclusive or.
            Eqv "eqv" Base X(31, 284) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::eqv Fixed;
            /// Sign-extend the low byte.
            Extsb "extsb" Base X(31, 954) [ra: Ra def, rs: Rt use] [Rc] [] fixed_point::extsb Fixed;
            /// Sign-extend the low halfword.
            Extsh "extsh" Base X(31, 922) [ra: Ra def, rs: Rt use] [Rc] [] fixed_point::extsh Fixed;
            /// Count leading zeros.
            Cntlzw "cntlzw" Base X(31, 26) [ra: Ra def, rs: Rt use] [Rc] [] fixed_point::cntlzw Fixed;
            /// Count the set bits of every byte.
            Popcntb "popcntb" Base X(31, 122) [ra: Ra def, rs: Rt use] [] [] fixed_point::popcntb Fixed;
            /// Parity of the low bits of the four bytes.
            Prtyw "prtyw" Base X(31, 154) [ra: Ra def, rs: Rt use] [] [] fixed_point::prtyw Fixed;
            /// Rotate left and insert under a mask.
            Rlwimi "rlwimi" Base M(20) [ra: Ra both, rs: Rt use, sh: Sh imm, mb: Mb imm, me: Me imm] [Rc] [] fixed_point::rlwimi Fixed;
            /// Rotate left and and with a mask.
            Rlwinm "rlwinm" Base M(21) [ra: Ra def, rs: Rt use, sh: Sh imm, mb: Mb imm, me: Me imm] [Rc] [] fixed_point::rlwinm Fixed;
            /// Rotate left by a register and and with a mask.
            Rlwnm "rlwnm" Base M(23) [ra: Ra def, rs: Rt use, rb: Rb use, mb: Mb imm, me: Me imm] [Rc] [] fixed_point::rlwnm Fixed;
            /// Shift left; the count is taken modulo 32, unlike in the Power ISA.
            Slw "slw" Base X(31, 24) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::slw Fixed;
            /// Shift right, filling with zeros; the count is taken modulo 32.
            Srw "srw" Base X(31, 536) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [] fixed_point::srw Fixed;
            /// Shift right, filling with the sign; the count is taken modulo 32.
            Sraw "sraw" Base X(31, 792) [ra: Ra def, rs: Rt use, rb: Rb use] [Rc] [Ca def] fixed_point::sraw Fixed;
            /// Shift right by an immediate, filling with the sign.
            Srawi "srawi" Base X(31, 824) [ra: Ra def, rs: Rt use, sh: Sh imm] [Rc] [Ca def] fixed_point::srawi Fixed;
            /// Compare signed with an immediate.
            Cmpwi "cmpwi" Base D(11) [bf: BfOr0 def, ra: Ra use, si: Si imm] [] [] fixed_point::cmpwi Fixed;
            /// Compare unsigned with an immediate.
            Cmplwi "cmplwi" Base D(10) [bf: BfOr0 def, ra: Ra use, ui: Ui imm] [] [] fixed_point::cmplwi Fixed;
            /// Compare signed.
            Cmpw "cmpw" Base X(31, 0) [bf: BfOr0 def, ra: Ra use, rb: Rb use] [] [] fixed_point::cmpw Fixed;
            /// Compare unsigned.
            Cmplw "cmplw" Base X(31, 32) [bf: BfOr0 def, ra: Ra use, rb: Rb use] [] [] fixed_point::cmplw Fixed;
            /// And of condition bits.
            Crand "crand" Base Xl(19, 257) [bt: Bt def, ba: Ba use, bb: Bb use] [] [] branch::crand CrLogic;
            /// And with the complement, of condition bits.
            Crandc "crandc" Base Xl(19, 129) [bt: Bt def, ba: Ba use, bb: Bb use] [] [] branch::crandc CrLogic;
            /// Or of condition bits.
            Cror "cror" Base Xl(19, 449) [bt: Bt def, ba: Ba use, bb: Bb use] [] [] branch::cror CrLogic;
            /// Or with the complement, of condition bits.
            Crorc "crorc" Base Xl(19, 417) [bt: Bt def, ba: Ba use, bb: Bb use] [] [] branch::crorc CrLogic;
            /// Exclusive or of condition bits.
            Crxor "crxor" Base Xl(19, 193) [bt: Bt def, ba: Ba use, bb: Bb use] [] [] branch::crxor CrLogic;
            /// Complement of and, of condition bits.
            Crnand "crnand" Base Xl(19, 225) [bt: Bt def, ba: Ba use, bb: Bb use] [] [] branch::crnand CrLogic;
            /// Complement of or, of condition bits.
            Crnor "crnor" Base Xl(19, 33) [bt: Bt def, ba: Ba use, bb: Bb use] [] [] branch::crnor CrLogic;
            /// Complement of exclusive or, of condition bits.
            Creqv "creqv" Base Xl(19, 289) [bt: Bt def, ba: Ba use, bb: Bb use] [] [] branch::creqv CrLogic;
            /// Copy a condition register field.
            Mcrf "mcrf" Base Xl(19, 0) [bf: Bf def, bfa: Bfa use] [] [] branch::mcrf CrLogic;
            /// Move to the condition register fields named by a mask.
            Mtcrf "mtcrf" Base X(31, 144) [fxm: Fxm imm, rt: Rt use] [] [Cr def] system::mtcrf MoveSpr;
            /// Move to one condition register field.
            Mtocrf "mtocrf" Base XOne(31, 144) [fxm: Fxm imm, rt: Rt use] [] [Cr def] system::mtocrf MoveSpr;
            /// Move from the condition register.
            Mfcr "mfcr" Base X(31, 19) [rt: Rt def] [] [Cr use] system::mfcr MoveSpr;
            /// Move from the fields named; the other bits of the target stay.
            Mfocrf "mfocrf" Base XOne(31, 19) [rt: Rt both, fxm: Fxm imm] [] [Cr use] system::mfocrf MoveSpr;
            /// Branch.
            B "b" Base I(18) [target: Li imm] [Aa, Lk] [] branch::b Branch;
            /// Branch if a condition bit or the count register says so.
            Bc "bc" Base B(16) [bo: Bo imm, bi: Bi use, target: Bd imm] [Aa, Lk] [Ctr both] branch::bc Branch;
            /// Branch conditionally to the link register.
            Bclr "bclr" Base Xl(19, 16) [bo: Bo imm, bi: Bi use, bh: Bh imm] [Lk] [Ctr both, Lr use] branch::bclr Branch;
            /// Branch conditionally to the count register.
            Bcctr "bcctr" Base Xl(19, 528) [bo: Bo imm, bi: Bi use, bh: Bh imm] [Lk] [Ctr use] branch::bcctr Branch;
            /// Return from an interrupt.
            Rfi "rfi" Base Xl(19, 50) [] [] [] branch::rfi Return;
            /// Return from a critical interrupt.
            Rfci "rfci" Base Xl(19, 51) [] [] [] branch::rfci Return;
            /// Return from a machine-check interrupt.
            Rfmci "rfmci" Base Xl(19, 38) [] [] [] branch::rfmci Return;
            /// Load a word.
            Lwz "lwz" Base D(32) [rt: Rt def, d: D imm, ra: Ra0 use] [] [Memory use] load_store::lwz Load;
            /// Load a word and write the address back.
            Lwzu "lwzu" Base D(33) [rt: Rt def, d: D imm, ra: Ra both] [] [Memory use] load_store::lwzu LoadUpdate;
            /// Load a word, indexed.
            Lwzx "lwzx" Base X(31, 23) [rt: Rt def, ra: Ra0 use, rb: Rb use] [] [Memory use] load_store::lwzx Load;
            /// Load a word, indexed, and write the address back.
            Lwzux "lwzux" Base X(31, 55) [rt: Rt def, ra: Ra both, rb: Rb use] [] [Memory use] load_store::lwzux LoadUpdate;
            /// Load a byte.
            Lbz "lbz" Base D(34) [rt: Rt def, d: D imm, ra: Ra0 use] [] [Memory use] load_store::lbz Load;
            /// Load a byte and write the address back.
            Lbzu "lbzu" Base D(35) [rt: Rt def, d: D imm, ra: Ra both] [] [Memory use] load_store::lbzu LoadUpdate;
            /// Load a byte, indexed.
            Lbzx "lbzx" Base X(31, 87) [rt: Rt def, ra: Ra0 use, rb: Rb use] [] [Memory use] load_store::lbzx Load;
            /// Load a byte, indexed, and write the address back.
            Lbzux "lbzux" Base X(31, 119) [rt: Rt def, ra: Ra both, rb: Rb use] [] [Memory use] load_store::lbzux LoadUpdate;
            /// Load a halfword.
            Lhz "lhz" Base D(40) [rt: Rt def, d: D imm, ra: Ra0 use] [] [Memory use] load_store::lhz Load;
            /// Load a halfword and write the address back.
            Lhzu "lhzu" Base D(41) [rt: Rt def, d: D imm, ra: Ra both] [] [Memory use] load_store::lhzu LoadUpdate;
            /// Load a halfword, indexed.
            Lhzx "lhzx" Base X(31, 279) [rt: Rt def, ra: Ra0 use, rb: Rb use] [] [Memory use] load_store::lhzx Load;
            /// Load a halfword, indexed, and write the address back.
            Lhzux "lhzux" Base X(31, 311) [rt: Rt def, ra: Ra both, rb: Rb use] [] [Memory use] load_store::lhzux LoadUpdate;
            /// Load a halfword, sign-extended.
            Lha "lha" Base D(42) [rt: Rt def, d: D imm, ra: Ra0 use] [] [Memory use] load_store::lha Load;
            /// Load a halfword, sign-extended and write the address back.
            Lhau "lhau" Base D(43) [rt: Rt def, d: D imm, ra: Ra both] [] [Memory use] load_store::lhau LoadUpdate;
            /// Load a halfword, sign-extended, indexed.
            Lhax "lhax" Base X(31, 343) [rt: Rt def, ra: Ra0 use, rb: Rb use] [] [Memory use] load_store::lhax Load;
            /// Load a halfword, sign-extended, indexed, and write the address back.
            Lhaux "lhaux" Base X(31, 375) [rt: Rt def, ra: Ra both, rb: Rb use] [] [Memory use] load_store::lhaux LoadUpdate;
            /// Load words into this and every higher register.
            Lmw "lmw" Base D(46) [rt: Rt def, d: D imm, ra: Ra0 use] [] [Memory use] load_store::lmw LoadMultiple;
            /// Store a word.
            Stw "stw" Base D(36) [rt: Rt use, d: D imm, ra: Ra0 use] [] [Memory def] load_store::stw Store;
            /// Store a word and write the address back.
            Stwu "stwu" Base D(37) [rt: Rt use, d: D imm, ra: Ra both] [] [Memory def] load_store::stwu StoreUpdate;
            /// Store a word, indexed.
            Stwx "stwx" Base X(31, 151) [rt: Rt use, ra: Ra0 use, rb: Rb use] [] [Memory def] load_store::stwx Store;
            /// Store a word, indexed, and write the address back.
            Stwux "stwux" Base X(31, 183) [rt: Rt use, ra: Ra both, rb: Rb use] [] [Memory def] load_store::stwux StoreUpdate;
            /// Store a byte.
            Stb "stb" Base D(38) [rt: Rt use, d: D imm, ra: Ra0 use] [] [Memory def] load_store::stb Store;
            /// Store a byte and write the address back.
            Stbu "stbu" Base D(39) [rt: Rt use, d: D imm, ra: Ra both] [] [Memory def] load_store::stbu StoreUpdate;
            /// Store a byte, indexed.
            Stbx "stbx" Base X(31, 215) [rt: Rt use, ra: Ra0 use, rb: Rb use] [] [Memory def] load_store::stbx Store;
            /// Store a byte, indexed, and write the address back.
            Stbux "stbux" Base X(31, 247) [rt: Rt use, ra: Ra both, rb: Rb use] [] [Memory def] load_store::stbux StoreUpdate;
            /// Store a halfword.
            Sth "sth" Base D(44) [rt: Rt use, d: D imm, ra: Ra0 use] [] [Memory def] load_store::sth Store;
            /// Store a halfword and write the address back.
            Sthu "sthu" Base D(45) [rt: Rt use, d: D imm, ra: Ra both] [] [Memory def] load_store::sthu StoreUpdate;
            /// Store a halfword, indexed.
            Sthx "sthx" Base X(31, 407) [rt: Rt use, ra: Ra0 use, rb: Rb use] [] [Memory def] load_store::sthx Store;
            /// Store a halfword, indexed, and write the address back.
            Sthux "sthux" Base X(31, 439) [rt: Rt use, ra: Ra both, rb: Rb use] [] [Memory def] load_store::sthux StoreUpdate;
            /// Store this and every higher register as words.
            Stmw "stmw" Base D(47) [rt: Rt use, d: D imm, ra: Ra0 use] [] [Memory def] load_store::stmw StoreMultiple;
            /// Move from a special-purpose register.
            Mfspr "mfspr" Base X(31, 339) [rt: Rt def, spr: Spr imm] [] [] system::mfspr MoveSpr;
            /// Move to a special-purpose register.
            Mtspr "mtspr" Base X(31, 467) [spr: Spr imm, rt: Rt use] [] [] system::mtspr MoveSpr;
            /// Move from the machine state register.
            Mfmsr "mfmsr" Base X(31, 83) [rt: Rt def] [] [] system::mfmsr MoveSpr;
            /// Move to the machine state register, after everything before has finished.
            Mtmsr "mtmsr" Base X(31, 146) [rt: Rt use] [] [] system::mtmsr Sync;
            /// Trap if a comparison of two registers holds.
            Tw "tw" Base X(31, 4) [to: To imm, ra: Ra use, rb: Rb use] [] [] system::tw Sync;
            /// Trap if a comparison with an immediate holds.
            Twi "twi" Base D(3) [to: To imm, ra: Ra use, si: Si imm] [] [] system::twi Sync;
            /// Wait until every earlier scalar, vector and memory operation has finished.
            Sync "sync" Base X(31, 598) [level: Level imm] [] [Memory both, Io both] system::sync Sync;
            /// Finish everything and sleep until an enabled event.
            Wait "wait" Base X(31, 62) [] [] [Memory both, Io both] system::wait Sync;
            /// Read a word from the scalar IO bus, which the chip is taken not to have.
            Eciwx "eciwx" Base X(31, 310) [rt: Rt def, ra: Ra0 use, rb: Rb use] [] [Io use] system::eciwx Load;
            /// Write a word to the scalar IO bus, which the chip is taken not to have.
            Ecowx "ecowx" Base X(31, 438) [rt: Rt use, ra: Ra0 use, rb: Rb use] [] [Io def] system::ecowx Store;
        }
    };
}
