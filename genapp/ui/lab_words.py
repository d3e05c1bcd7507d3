"""What the tab "Models" says: the theory of the three families, in Markdown with formulae."""

ABOUT = (
    "**Three ways to learn what faces look like.** Each of these networks learnt from the same "
    "synthetic faces, as pictures of 32×32 pixels, and draws faces of its own. They differ in what "
    "they can say about the probability $p(x)$ of a picture $x$: all of it, a bound on it, "
    "or nothing."
)

AUTOREGRESSIVE = r"""
**Everything is visible.** The probability of a picture is the product of those of its
$D = 32 \cdot 32 \cdot 3$ numbers, each given the ones before it:

$$p(x) = \prod_{i=1}^{D} p(x_i \mid x_1, \dots, x_{i-1})$$

One network (a PixelCNN) gives every factor. The likelihood is **exact**, and training maximises
it. The price: to draw, it has to ask the network for one pixel after another. There is no code
behind the picture to walk through.
"""

VAE = r"""
**A hidden code, made explicit.** A picture comes from a code $z \sim \mathcal N(0, 1)$, so
$p(x) = \int p(x \mid z)\, p(z)\, dz$, which nobody can compute. An encoder $q(z \mid x)$ guesses
the code of a picture and gives a **bound**, which training raises:

$$\log p(x) \ge \mathbb E_{q}[\log p(x \mid z)] - \mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)$$

The first part asks for a good reconstruction, the second for codes like the noise that faces are
drawn from. All pixels are drawn at once, independently given the code: hence the grain.
"""

GAN = r"""
**A hidden code, and no likelihood.** A generator turns noise into a picture, $x = G(z)$; a
discriminator $D$ learns to tell its pictures from real ones, and the generator to deceive it:

$$\min_G \max_D\; \mathbb E_{x}[\log D(x)] + \mathbb E_{z}[\log(1 - D(G(z)))]$$

(Ours was trained with the hinge loss, a relative of this.) The pictures are sharp, because a
blurred one is found out at once. But nothing pays it for drawing **all** kinds of faces, and how
likely a picture is, it cannot say.
"""

TEMPERATURE = (
    "1 as it learnt; less draws likelier, more alike faces. For the GAN it is the truncation."
)

BITS = r"""
**Bits per dimension** are what the model would need for each number (red, green or blue of a pixel)
if it had to compress a picture, $-\log_2 p(x) / D$. An uncompressed picture has 8. On faces that it
has not seen, the mean is

$$\frac{1}{D}\, \mathbb E_{x \sim \text{faces}}\big[-\log_2 p(x)\big] =
\frac{1}{D} \big( H(\text{faces}) + \mathrm{KL}(\text{faces}\,\|\,p) \big)$$

The entropy $H$ of faces themselves is the same for all models, though nobody knows it: **the
difference between two models is how much nearer one is to the truth.** For the VAE the number is an
upper bound, as only a bound on its likelihood is known (importance-weighted, with several codes for
each picture).

**Fréchet distance, precision and recall** look at samples through a network that saw ImageNet, so
that the GAN can be compared as well. **Precision** is the share of its faces that lie among real
ones, **recall** the share of real ones that lie among its faces: few kinds of faces drawn well give
a high precision and a low recall. A model that had **memorised** would draw faces nearer to the
training faces than other real faces are.
"""

OWN = (
    "Whose faces are likelier? Each model judges what all three have just drawn, in bits per "
    "dimension: a face that others find likely needs few."
)

WALK = r"""
Codes that lie near each other give faces that look alike, so a straight way between two codes is a
way between two faces. The VAE's codes are walked along a sphere, where a standard normal code of
many numbers lies: $z = \cos(\tfrac{\pi}{2} t)\, z_A + \sin(\tfrac{\pi}{2} t)\, z_B$. The GAN's way
leads through $w$, the space behind its mapping network. The autoregressive model has no code: there
is nothing to walk through.
"""

RECONSTRUCT = r"""
The encoder looks for the code of your picture, the decoder draws what the code says. The code has
parts from coarse to fine, and the pictures from left to right use one more of them each time; the
others are what the model finds most likely. **What comes back differently is what the model does
not know of:** it learnt from aligned faces of 32×32 pixels only.
"""

FINISH = (
    "The autoregressive model can go on where your picture ends: it keeps the upper rows and "
    "paints the others, differently for each seed."
)

FAILURE = r"""
**A likelihood is no judge of what belongs.** A model that learnt from faces ought to find pictures
that are no faces unlikely. Yet plain pictures often come out **likelier** than the faces that it
learnt from: each pixel of a grey square is easily told from its neighbours, and the likelihood
adds up how well pixels are told, not whether they make a face
([Nalisnick et al. 2019](https://arxiv.org/abs/1810.09136)). A high density does not mean much mass:
almost no sample looks like a grey square, as there are so few of them.
"""

TO_OUTLIERS = (
    "The tab **Outliers** measures scores that do better: corrected for how complex a picture is, "
    "compared with a background model, or on features instead of pixels."
)
