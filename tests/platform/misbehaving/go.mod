module longshore.dev/misbehaving

go 1.24
