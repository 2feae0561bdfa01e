using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Login;

/// <summary>What the pages need, besides their use cases, that take a credential or give a new one.</summary>
internal sealed record CredentialTools(PasswordHashing Hashing, BrowserSession Browser, Telemetry Telemetry);
