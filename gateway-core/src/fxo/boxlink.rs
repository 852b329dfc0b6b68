//! FXLP/1, the framed protocol of our own box: COBS and CRC over any byte stream, audio in band.
