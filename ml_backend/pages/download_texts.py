"""What files of charts and tables are called on the pages, and what is in them beside names and numbers."""

DOWNLOADS = {
    "en": {
        "download_csv": "Download as CSV",
        "download_svg": "Download as SVG",
        "axes_model": "rows: the model; columns: people",
        "axes_people": "rows: one person; columns: another",
    },
    "zh": {
        "download_csv": "下载 CSV",
        "download_svg": "下载 SVG",
        "axes_model": "行：模型；列：人",
        "axes_people": "行：一个人；列：另一个人",
    },
}
