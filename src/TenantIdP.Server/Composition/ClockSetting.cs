using System.Globalization;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Composition;

/// <summary>A clock that is wrong on purpose, to see what several nodes make of it. For development only.</summary>
internal static class ClockSetting
{
    public const string Key = "TenantIdP:Development:ClockOffsetSeconds";

    private const int MostSeconds = 86_400;

    /// <returns>Null when the system's clock is to be used.</returns>
    /// <exception cref="StartupException">It is set outside Development, or not to a number of seconds of at most a day.</exception>
    public static TimeProvider? Read(IConfiguration configuration, IHostEnvironment environment)
    {
        if (configuration[Key] is not { Length: > 0 } text) return null;
        if (!environment.IsDevelopment()) throw new StartupException($"{Key} is for the Development environment only.");
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) && Math.Abs((long)seconds) <= MostSeconds
            ? new WrongClock(TimeSpan.FromSeconds(seconds))
            : throw new StartupException($"{Key} is no number of seconds from -{MostSeconds} to {MostSeconds}.");
    }

    private sealed class WrongClock(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + offset;
    }
}
