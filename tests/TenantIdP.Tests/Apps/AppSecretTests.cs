using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using Xunit;

namespace TenantIdP.Tests.Apps;

public sealed class AppSecretTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_live_secret_opens_and_no_other()
    {
        var (first, firstText) = AppSecret.Make(Now, Now.AddHours(1));
        var (second, secondText) = AppSecret.Make(Now, null);
        var stored = AppSecrets.Write([first, second]);

        Assert.True(AppSecrets.Matches(firstText, stored, Now.AddMinutes(59)));
        Assert.True(AppSecrets.Matches(secondText, stored, Now));
        Assert.False(AppSecrets.Matches(firstText, stored, Now.AddHours(1)));
        Assert.True(AppSecrets.Matches(secondText, stored, Now.AddYears(10)));
        Assert.False(AppSecrets.Matches(firstText + "x", stored, Now));
        Assert.False(AppSecrets.Matches("", stored, Now));
        Assert.False(AppSecrets.Matches(first.Hash, stored, Now)); // what the row says opens nothing
        Assert.False(AppSecrets.Matches(secondText, AppSecrets.Write([]), Now));
    }

    [Fact]
    public void An_end_never_moves_to_a_later_time()
    {
        var (secret, _) = AppSecret.Make(Now, Now.AddHours(1));

        Assert.Equal(Now.AddHours(1), secret.EndingAt(Now.AddDays(1)).ExpiresAt);
        Assert.Equal(Now.AddMinutes(1), secret.EndingAt(Now.AddMinutes(1)).ExpiresAt);
    }

    [Fact]
    public void A_secret_of_the_time_when_an_app_had_one_still_opens_and_can_be_named()
    {
        var text = MachineSecret.New("old_");
        var stored = MachineSecret.Hash(text);

        var read = Assert.Single(AppSecrets.Read(stored));
        Assert.True(AppSecrets.Matches(text, stored, Now));
        Assert.Equal(read.Id, Assert.Single(AppSecrets.Read(stored)).Id);
        Assert.Equal(read, Assert.Single(AppSecrets.Read(AppSecrets.Write([read]))));
    }
}
