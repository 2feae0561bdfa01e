using TenantIdP.Core.Instance;
using TenantIdP.Server;
using Xunit;

namespace TenantIdP.Tests.Tokens;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("TenantIdP:Tokens:CodeSeconds", "0")]
    [InlineData("TenantIdP:Tokens:AccessTokenSeconds", "soon")]
    [InlineData("TenantIdP:Tokens:RefreshTokenAbsoluteDays", "-1")]
    [InlineData("TenantIdP:SigningKeys:RotateDays", "0")]
    [InlineData("TenantIdP:Sessions:IdleHours", "0")]
    [InlineData("TenantIdP:Saml:ClockSkewSeconds", "301")]
    [InlineData("TenantIdP:Saml:KeyLifetimeDays", "1")]
    [InlineData("TenantIdP:Saml:AliasHosts:0", "https://sso.example.test/acs")]
    public void A_setting_out_of_range_is_named_at_start(string key, string value)
    {
        var wrong = Assert.Throws<StartupException>(() => ServerApp.Build(["--environment", "Development", $"--{key}={value}", $"--ConnectionStrings:TenantIdP=Data Source={Path.GetTempPath()}never-opened.db"]));

        key = key.Replace(":0", "", StringComparison.Ordinal);
        Assert.Contains(key.Replace(":", "__", StringComparison.Ordinal), wrong.Message.Replace(":", "__", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
