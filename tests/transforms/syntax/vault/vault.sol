pragma solidity ^0.5.0;
import "./lib.sol";
import "./lib.sol" as L;

/// @title Keeps.
contract Vault is Owned {
    uint public constant K = 3;
    struct P { uint x; address y; }
    event Paid(uint indexed a);
    modifier only(uint n) { if (n > 1) revert("no"); _; }
    constructor(uint s) only(s) public { delete s; }
    function () external payable {}
    function run(Vault other, uint n) internal returns (uint, bool) {
        for (uint i = 0; i < n && i < 5; i++) { emit Paid(i); }
        if (n == 1) { n = 2; } else if (n == 2) { n = n > 3 ? 4 : 5; } else { while (n > 0) { n--; } }
        other.todo.gas(5)(uint8(n), new uint[](2));
        return (n, true);
    }
    function todo(uint8 a, uint[] memory b) public;
}
