using System.Net;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Federation;

namespace TenantIdP.Server.Login;

/// <summary>How many wrong codes of devices a network and a signed-in browser may try on this node (RFC 8628 section 5.1).</summary>
internal sealed class DeviceGuesses(TimeProvider clock)
{
    public const int OfNetwork = 20;
    public const int OfSession = 5;

    private const int Capacity = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private readonly BoundedCache<string, (long Since, int Wrong)> wrong = new(Capacity, Window, clock);

    public bool MayGuess(IPAddress? address, Id<Session>? session)
    {
        lock (gate) return Keys(address, session).All(key => Count(key.Name).Wrong < key.Limit);
    }

    public void WasWrong(IPAddress? address, Id<Session>? session)
    {
        lock (gate)
        {
            foreach (var (name, _) in Keys(address, session))
            {
                var (since, count) = Count(name);
                wrong.Put(name, (since, count + 1));
            }
        }
    }

    private (long Since, int Wrong) Count(string name) =>
        wrong.TryGet(name, out var window) && clock.GetElapsedTime(window.Since) < Window ? window : (clock.GetTimestamp(), 0);

    private static IEnumerable<(string Name, int Limit)> Keys(IPAddress? address, Id<Session>? session)
    {
        yield return (PasswordThrottle.SourceOf(address), OfNetwork);
        if (session is { } id) yield return (id.ToString(), OfSession);
    }
}
