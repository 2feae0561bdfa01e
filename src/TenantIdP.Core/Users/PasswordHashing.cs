namespace TenantIdP.Core.Users;

/// <summary>Makes and checks password hashes. Implemented by the server with ASP.NET Core Identity's hasher, which this project must not reference.</summary>
public interface IPasswordHashing
{
    string Hash(string password);

    PasswordCheck Check(string storedHash, string password);
}

public enum PasswordCheck
{
    Wrong,
    Right,

    /// <summary>Right, and the hash should be made anew with today's parameters.</summary>
    RightButOld,
}
