"""The eleven representations that the paper's Table III compares BYOL-A with, each by a declaration.

ESResNeXt is the one that no code here can run: see `esresnext`.

Reference:
    https://arxiv.org/abs/2204.07402, Section IV-C1 and Table III; what the table does not say, such as the
    version of the weights, is that of the authors' evaluation code, EVAR.
"""

from byola_keras.evaluation.representations.paper.cnn14 import CNN14
from byola_keras.evaluation.representations.paper.coala import COALA
from byola_keras.evaluation.representations.paper.esresnext import ESRESNEXT
from byola_keras.evaluation.representations.paper.openl3 import OPENL3_E, OPENL3_M
from byola_keras.evaluation.representations.paper.spectrogram_transformer import AST
from byola_keras.evaluation.representations.paper.trill import TRILL
from byola_keras.evaluation.representations.paper.vggish import VGGISH, VGGISH_4K
from byola_keras.evaluation.representations.paper.wav2vec2 import WAV2VEC2_C, WAV2VEC2_F

# In the order of Table III.
DECLARATIONS = (
    VGGISH,
    VGGISH_4K,
    CNN14,
    ESRESNEXT,
    AST,
    COALA,
    OPENL3_E,
    OPENL3_M,
    TRILL,
    WAV2VEC2_F,
    WAV2VEC2_C,
)
