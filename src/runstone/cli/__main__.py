from runstone.cli.main import main

main()
