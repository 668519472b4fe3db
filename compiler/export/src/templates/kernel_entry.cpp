	bool served = false;
	hate::for_each(
	    [&](@declared@) {
		    if (@view@.hemisphere != ppu) {
			    return;
		    }
		    if (served) {
			    exit(1); // one view a hemisphere: state belongs to it
		    }
		    served = true;
		    if (!started) {
			    begin(@passed@);
			    started = true;
@apart@		    }
		    update(@passed@);
		    ++update_index;
	    },
	    @walked@);
