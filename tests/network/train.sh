#!/bin/sh
# train.sh PYTHON TRAIN_PY FOLDER: a few steps of training; exits 77 where Python has no numpy.
"$1" -c 'import numpy' 2> /dev/null || exit 77
"$1" "$2" --steps 5 --out "$3" && [ "$(wc -c < "$3/lenet.weights")" = 123412 ] && [ -s "$3/digits.pgm" ]
