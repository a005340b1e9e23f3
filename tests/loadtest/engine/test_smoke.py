def test_it(tools):
    s = tools.server()
    r = tools.run(tools.profile((2, 4), users=4), s.url)
    print(r.end, r.seconds, len(r.events), r.events.requests, r.events.errors)
    assert 0
def test_open(tools):
    from perfkit.profile.value import Model
    s = tools.server("fixed", 0.005)
    r = tools.run(tools.profile((2, 100), users=50, model=Model.OPEN), s.url)
    print(r.end, r.seconds, len(r.events))
    import numpy as np
    e=r.events
    print(np.percentile((e.start-e.due)*1e6,[0,50,95,99,100]), np.percentile((e.slip)*1e6,[0,50,95,99,100]), np.percentile((e.end-e.start)*1e6,[0,50,95,99,100]), e.due[:5], e.due[-3:])
    assert 0
