print("ocellus: under construction")
