"""The made-up advertiser: campaigns, products, segments and search terms. All of it is invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign, how often it is seen, and how well it sells."""

    campaign_id: int
    name: str
    ad_product: str
    """dsp, or the `ad_product_type` of sponsored ads."""
    segment: int
    """Which segment of people it mostly reaches, 0 to 5."""
    weight: int
    """Its share of all touches, of `TOUCH_SHARES`."""
    purchase_rate: float
    """The share of its touches that lead to an order."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product, with the segment of people who mostly buy it."""

    asin: str
    title: str
    segment: int
    price: float


SEGMENTS = (
    (4101, "Coffee lovers"),
    (4102, "Home bakers"),
    (4103, "Runners"),
    (4104, "Cyclists"),
    (4105, "New parents"),
    (4106, "Gardeners"),
)

CAMPAIGNS = (
    Campaign(580104881130200101, "DSP Coffee Prospecting", "dsp", 0, 12, 0.055),
    Campaign(580104881130200102, "DSP Coffee Retargeting", "dsp", 0, 6, 0.110),
    Campaign(580104881130200103, "DSP Baking Awareness", "dsp", 1, 8, 0.040),
    Campaign(580104881130200104, "DSP Running Launch", "dsp", 2, 8, 0.065),
    Campaign(580104881130200105, "DSP Cycling Streaming TV", "dsp", 3, 6, 0.030),
    Campaign(580104881130200106, "DSP Parents Audio", "dsp", 4, 5, 0.045),
    Campaign(580104881130200107, "DSP Garden Spring", "dsp", 5, 5, 0.050),
    Campaign(300214476001, "SP Coffee Keywords", "sponsored_products", 0, 9, 0.120),
    Campaign(300214476002, "SP Coffee Auto", "sponsored_products", 0, 6, 0.095),
    Campaign(300214476003, "SP Baking Keywords", "sponsored_products", 1, 7, 0.105),
    Campaign(300214476004, "SP Running Keywords", "sponsored_products", 2, 7, 0.115),
    Campaign(300214476005, "SP Cycling Category", "sponsored_products", 3, 5, 0.080),
    Campaign(300214476006, "SB Brand Defence", "sponsored_brands", 0, 5, 0.130),
    Campaign(300214476007, "SB Parents Video", "sponsored_brands", 4, 4, 0.070),
    Campaign(300214476008, "SD Garden Audiences", "sponsored_display", 5, 4, 0.060),
    Campaign(300214476009, "STV Brand Film", "sponsored_television", 1, 3, 0.025),
)
TOUCH_SHARES = sum(campaign.weight for campaign in CAMPAIGNS)

PRODUCTS = (
    Product("B0COFFEE01", "Espresso beans 1 kg", 0, 18.90),
    Product("B0COFFEE02", "Filter beans 500 g", 0, 9.90),
    Product("B0COFFEE03", "Burr grinder", 0, 89.00),
    Product("B0COFFEE04", "Milk frother", 0, 39.50),
    Product("B0BAKING01", "Sourdough starter set", 1, 24.90),
    Product("B0BAKING02", "Proofing basket", 1, 15.40),
    Product("B0BAKING03", "Dutch oven", 1, 64.00),
    Product("B0BAKING04", "Baking steel", 1, 72.00),
    Product("B0RUNNER01", "Trail shoes", 2, 119.00),
    Product("B0RUNNER02", "Running socks, three pairs", 2, 16.90),
    Product("B0RUNNER03", "Hydration vest", 2, 79.00),
    Product("B0CYCLES01", "Bike light set", 3, 34.90),
    Product("B0CYCLES02", "Frame bag", 3, 42.00),
    Product("B0CYCLES03", "Multi tool", 3, 21.50),
    Product("B0PARENT01", "Baby carrier", 4, 94.00),
    Product("B0PARENT02", "Bottle warmer", 4, 32.90),
    Product("B0GARDEN01", "Pruning shears", 5, 27.90),
    Product("B0GARDEN02", "Raised bed", 5, 84.00),
)

SEARCH_TERMS = (
    ("coffee beans", "espresso beans", "coffee grinder", "barista set"),
    ("sourdough kit", "bread baking", "dutch oven", "baking steel"),
    ("trail running shoes", "running socks", "hydration vest", "running gear"),
    ("bike lights", "frame bag", "bicycle tool", "cycling gear"),
    ("baby carrier", "bottle warmer", "newborn gift", "baby essentials"),
    ("pruning shears", "raised bed", "garden tools", "spring garden"),
)
"""What each segment's people search for, in the order of `SEGMENTS`."""

BRAND_TERMS = ("northbeam coffee", "northbeam", "northbeam running", "northbeam garden")
ADVERTISER = "Northbeam Goods"
